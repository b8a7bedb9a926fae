"""The REST operations: read the request, ask the use case, write the answer. No decisions of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from hub.access import ApiKeys, Principal
from hub.errors import NotFound, Unavailable
from hub.ingress.acceptance import Acceptance
from hub.ingress.desk_endpoints import DeskEndpoints, OperatorsDesk
from hub.ingress.event_stream import EVENT_STREAM, LAST_EVENT_ID, EventStreams
from hub.ingress.follow import Follow
from hub.ingress.health import Health
from hub.ingress.live_overview import LiveOverview
from hub.ingress.lookup import Lookup
from hub.ingress.problems import kind_of
from hub.ingress.readiness import Check
from hub.ingress.reading import bearer_token, idempotency_key, read_body, read_model, read_query, require_json
from hub.ingress.reconciliation_endpoints import ReconciliationEndpoints
from hub.ingress.reconciling import Reconciling
from hub.ingress.visit import Visit
from hub.ports import Clock, ReadModels
from hub.telemetry import Metrics
from schemas.citizen import CitizenQuery
from schemas.dossier import DossierSubmission
from schemas.model import Model
from schemas.withdrawal import Withdrawal

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestRooms:
    """What the REST door stands on. `checks` name the parts that must work for the hub to be ready."""

    api_keys: ApiKeys
    acceptance: Acceptance
    lookup: Lookup
    follow: Follow
    read_models: ReadModels
    metrics: Metrics
    clock: Clock
    events: EventStreams | None = None
    desk: OperatorsDesk | None = None
    reconciling: Reconciling | None = None
    checks: Mapping[str, Check] = field(default_factory=lambda: MappingProxyType({}))
    body_bytes_max: int = 1024 * 1024
    body_wait_s: float = 10.0


class Endpoints(DeskEndpoints, ReconciliationEndpoints, Health):
    """One method per operation. Errors leave as exceptions of the tree; the door turns them into problems."""

    def __init__(self, rooms: RestRooms) -> None:
        Health.__init__(self, rooms.checks, rooms.metrics)
        DeskEndpoints.__init__(self, rooms.desk, self._principal, self._body)
        ReconciliationEndpoints.__init__(self, rooms.reconciling, self._principal, self._body)
        self._rooms = rooms
        self._overview = LiveOverview(rooms.read_models, rooms.clock)

    async def submit(self, request: Request) -> Response:
        """Take one state of a dossier in."""
        principal = self._principal(request)
        key = idempotency_key(request)
        submission = read_model(DossierSubmission, await self._body(request))
        receipt = await self._rooms.acceptance.accept(principal, submission, key)
        return _json(receipt, 202, {"Location": receipt.follow})

    async def withdraw(self, request: Request) -> Response:
        """Withdraw what is still queued of a dossier."""
        principal = self._principal(request)
        key = idempotency_key(request)
        withdrawal = read_model(Withdrawal, await self._body(request))
        receipt = await self._rooms.acceptance.withdraw(principal, request.path_params["code"], withdrawal, key)
        return _json(receipt, 202, {"Location": receipt.follow})

    async def lookup(self, request: Request) -> Response:
        """Ask for a citizen's record."""
        principal = self._principal(request)
        query = read_model(CitizenQuery, await self._body(request))
        return _json(await self._rooms.lookup.ask(principal, query))

    async def message(self, request: Request) -> Response:
        """Tell where a message stands."""
        principal = self._principal(request)
        return _json(await self._rooms.follow.message(principal, request.path_params["message_id"]))

    async def timeline(self, request: Request) -> Response:
        """Tell everything about a dossier."""
        principal = self._principal(request)
        return _json(await self._rooms.follow.timeline(principal, request.path_params["code"]))

    async def events(self, request: Request) -> Response:
        """Stream status events."""
        principal = self._principal(request)
        if request.method == "HEAD":
            return Response(media_type=EVENT_STREAM)  # a stream that nobody reads would never end
        after = read_query(request, "after").get("after")
        return await self._events.stream(principal, request.headers.get(LAST_EVENT_ID), after)

    async def event_batch(self, request: Request) -> Response:
        """Return the next status events."""
        principal = self._principal(request)
        given = read_query(request, "after", "limit")
        return Response(await self._events.batch(principal, given.get("after"), given.get("limit")), media_type=JSON)

    async def overview(self, _: Request) -> Response:
        """Count messages and deliveries."""
        return Response(await self._overview.body(), media_type=JSON)

    async def problem(self, request: Request) -> Response:
        """Explain a code. NotFound when there is no such code."""
        kind = kind_of(request.path_params["code"])
        if kind is None:
            raise NotFound("no such code")
        return _json(kind)

    def _principal(self, request: Request) -> Principal:
        principal = self._rooms.api_keys.authenticate(bearer_token(request))
        Visit.of(request.scope).principal = principal
        return principal

    @property
    def _events(self) -> EventStreams:
        if self._rooms.events is None:
            raise Unavailable("this process serves no status events")
        return self._rooms.events

    async def _body(self, request: Request) -> bytes:
        require_json(request)
        return await read_body(request, self._rooms.body_bytes_max, self._rooms.body_wait_s)


def _json(model: Model, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(model.model_dump_json().encode(), status, headers, media_type=JSON)
