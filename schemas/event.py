"""Status events: what is told about a dossier, as CloudEvents 1.0 in the JSON event format.

An event refers to persons and never carries them: it has the dossier's code and the hub's ids, no names, no numbers,
no words of a platform. Per dossier `seq` counts 1, 2, 3 and so on without a gap; a repeat keeps its `id` and `seq`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.model import Model

MEDIA_TYPE = "application/cloudevents+json"
SIGNATURE_HEADER = "Hub-Signature-256"
"""Of a callback: `sha256=` and the HMAC-SHA256 (hex) of the body."""
DATA_SCHEMA: Literal["urn:vn:lgsp:schema:dossier-event:1"] = "urn:vn:lgsp:schema:dossier-event:1"
_PREFIX = "vn.lgsp.dossier."
_VERSION = ".v1"


class EventKind(StrEnum):
    """What can be told of a dossier."""

    ACCEPTED = "accepted"
    """A message was accepted: it is durable."""
    DELIVERED = "delivered"
    """One delivery of a message has reached its platform."""
    COMPLETED = "completed"
    """All deliveries of a message have reached their platforms."""
    LATE = "late"
    """A delivery has been waiting for longer than it should."""
    IN_DOUBT = "in_doubt"
    """Whether a delivery has reached its platform is not known, and a person has to find out."""
    DEAD = "dead"
    """A platform refused a delivery; a person has to decide."""
    WITHDRAWN = "withdrawn"
    """A delivery was taken back before it reached its platform."""
    EXPIRED = "expired"
    """A delivery was given up because it was too old."""

    @property
    def type(self) -> str:
        """Return the `type` attribute of such an event."""
        return f"{_PREFIX}{self.value}{_VERSION}"

    @classmethod
    def of(cls, type_: str) -> "EventKind":
        """Return the kind of a `type` attribute. ValueError when there is none."""
        return cls(type_.removeprefix(_PREFIX).removesuffix(_VERSION))


class DossierEventData(Model):
    """What happened. Fields of a delivery are absent where the event is about a whole message.

    `kind` says what was accepted: a state of the dossier, or a withdrawal of what is still queued of it.
    `code` is a platform's own code or a problem code. `since`: since when a late delivery has been waiting.
    `follow` is the path of the dossier's timeline.
    """

    state: EventKind
    message_id: str
    kind: str | None = None
    revision: int
    sender_agency: str
    sender_system: str
    platform: str | None = None
    operation: str | None = None
    part: int | None = None
    code: str | None = None
    since: datetime | None = None
    follow: str


class DossierEvent(Model):
    """One status event. `agency` is the dossier's; `subject` and `partitionkey` are its canonical code."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    type: Annotated[str, Field(pattern=r"^vn\.lgsp\.dossier\.[a-z_]+\.v1$")]
    subject: Annotated[str, Field(min_length=1)]
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: Literal["urn:vn:lgsp:schema:dossier-event:1"] = DATA_SCHEMA
    partitionkey: str
    agency: str
    seq: Annotated[int, Field(ge=1, le=2_147_483_647)]
    data: DossierEventData


class EventBatch(Model):
    """Some events, and where the next ones begin. `more`: there are further ones already."""

    events: tuple[DossierEvent, ...]
    next: str
    more: bool
