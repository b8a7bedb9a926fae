"""The doors: parse a request, ask the one use case, answer."""

from hub.ingress.acceptance import Acceptance, AcceptanceRooms
from hub.ingress.endpoints import RestRooms
from hub.ingress.follow import Follow
from hub.ingress.lookup import Lookup, LookupRooms
from hub.ingress.readiness import Check
from hub.ingress.recent import Recent
from hub.ingress.rest import rest_app

__all__ = [
    "Acceptance",
    "AcceptanceRooms",
    "Check",
    "Follow",
    "Lookup",
    "LookupRooms",
    "Recent",
    "RestRooms",
    "rest_app",
]
