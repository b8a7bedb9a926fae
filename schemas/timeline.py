"""What can be told of a message from its entrance to its end."""

from datetime import datetime

from schemas.delivery import DeliveryState, OutcomeClass, Step
from schemas.model import Model


class Hop(Model):
    """One thing that happened, with its times (UTC)."""

    at: datetime
    event: str
    platform: str | None = None
    operation: str | None = None
    part: int | None = None
    attempt: int | None = None
    step: Step | None = None
    state: DeliveryState | None = None
    outcome_class: OutcomeClass | None = None
    code: str | None = None
    started_at: datetime | None = None
    next_try_at: datetime | None = None
    possibly_doubled: bool = False
    reason: str | None = None


class DeliveryLine(Model):
    """Where one delivery stands."""

    operation: str
    platform: str
    part: int
    of: int
    state: DeliveryState
    attempts: int
    code: str | None
    next_try_at: datetime | None
    possibly_doubled: bool


class MessageLine(Model):
    """One message with its deliveries and hops."""

    message_id: str
    kind: str
    revision: int
    sender_agency: str
    sender_system: str
    accepted_at: datetime
    deliveries: tuple[DeliveryLine, ...]
    hops: tuple[Hop, ...]


class Timeline(Model):
    """All messages of one dossier, in the order of acceptance."""

    dossier_code: str
    messages: tuple[MessageLine, ...]


class PlatformCount(Model):
    """How the deliveries towards one platform stand."""

    platform: str
    waiting: int = 0
    in_flight: int = 0
    parked: int = 0
    in_doubt: int = 0
    delivered: int = 0
    dead: int = 0
    expired: int = 0
    withdrawn: int = 0
    possibly_doubled: int = 0


class Overview(Model):
    """The live page in numbers."""

    accepted: int
    platforms: tuple[PlatformCount, ...]
