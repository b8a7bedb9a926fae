"""What is owed to a platform, and what came of each try."""

from datetime import datetime
from enum import StrEnum

from schemas.model import Model
from schemas.ruling import Ruling


class DeliveryState(StrEnum):
    """A delivery is in exactly one of these."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    PARKED = "parked"
    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    DEAD = "dead"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"

    @property
    def final(self) -> bool:
        """Whether the hub will not act on the delivery again by itself."""
        return self in _FINAL


_FINAL = frozenset({DeliveryState.DELIVERED, DeliveryState.DEAD, DeliveryState.EXPIRED, DeliveryState.WITHDRAWN})


class MessageKind(StrEnum):
    """What a command is: one state of a dossier, the withdrawal of what is queued of it, or an operator's ruling."""

    DOSSIER = "dossier"
    WITHDRAWAL = "withdrawal"
    RULING = "ruling"


class OutcomeClass(StrEnum):
    """What one try came to.

    `refused_us` is a fault of the hub's account or road, so it stops the platform and spares the message.
    `unavailable` means that the platform definitely did not act. `unknown` means that it may have acted.
    """

    DELIVERED = "delivered"
    ALREADY_THERE = "already_there"
    REFUSED_MESSAGE = "refused_message"
    REFUSED_US = "refused_us"
    UNAVAILABLE = "unavailable"
    UNKNOWN = "unknown"


class Step(StrEnum):
    """What the hub did in a try: it sent, or it asked the platform whether an earlier try had arrived."""

    SEND = "send"
    INQUIRE = "inquire"
    NONE = "none"


class PlannedDelivery(Model):
    """One line of the list that acceptance fixes.

    An operation that a platform takes in pieces has `of` parts, numbered from 0; each part is a delivery of its own.
    """

    operation: str
    platform: str
    part: int = 0
    of: int = 1


class CommandHeader(Model):
    """The clear header of a record in `hub.commands`. It carries no personal data.

    `code_as_given` is the spelling under which the dossier first came in; empty means the ordering key itself. Of a
    ruling (which owes no deliveries of its own, and has revision 1) `ruling` says what it is.
    """

    v: int = 1
    schema_version: int = 1
    kind: str
    message_id: str
    ordering_key: str
    code_as_given: str = ""
    sender_agency: str
    sender_system: str
    revision: int
    received_at: datetime
    key_id: str
    deliveries: tuple[PlannedDelivery, ...]
    reappended: bool = False
    ruling: Ruling | None = None


class OutcomeHeader(Model):
    """The clear header of a record in `hub.outcomes`: one try of one delivery, and the state that it left.

    `source_*` name the command record. Times are UTC. `code` is the platform's own code or a code of the hub's
    error tree; the platform's text, which may name people, travels in the sealed body. `ruling` is the message id of
    the operator's ruling that brought the state about. The outcome of one that found nothing to do carries that id as
    its message's, too, and no delivery has changed.
    """

    v: int = 1
    schema_version: int = 1
    message_id: str
    ordering_key: str
    operation: str
    platform: str
    part: int
    key_id: str
    source_partition: int
    source_offset: int
    attempt: int
    step: Step
    state: DeliveryState
    outcome_class: OutcomeClass | None
    code: str
    started_at: datetime
    finished_at: datetime
    next_try_at: datetime | None = None
    possibly_doubled: bool = False
    ruling: str = ""
