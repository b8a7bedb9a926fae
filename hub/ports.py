"""The Protocols between the rooms. Whoever needs a thing names the port; `hub.app` hands over the implementation."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from schemas.audit import AuditRecord
from schemas.citizen import Citizen, CitizenQuery
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure
from schemas.timeline import Overview, Timeline

# --- time ------------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Time and waiting. Tests hand over one that they move themselves."""

    def now(self) -> datetime:
        """UTC, aware."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    async def sleep(self, delay_s: float) -> None:
        """Wait."""


# --- the log ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record lies."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was appended. Offsets of a partition rise; they need not be gapless."""

    topic: str
    partition: int
    offset: int
    appended_at: datetime
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """The offsets that a partition holds: from `start` up to, not including, `end`."""

    start: int
    end: int


class Ownership(Protocol):
    """Told of partitions won and lost; both are awaited before the group goes on.

    An error raised by either ends the membership: what was held goes to others, and the next `fetch` raises it.
    """

    async def on_assigned(self, partitions: Mapping[int, int]) -> None:
        """The partitions are ours, each with its committed offset; no record of theirs is fetched before this returns.

        It may be called while `Log.join` is still under way.
        """

    async def on_revoked(self, partitions: Collection[int]) -> None:
        """The partitions are being taken away; after this returns, commits for them fail."""


class Consumer(Protocol):
    """One member of a group that shares the partitions of one topic."""

    async def fetch(self, partitions: Collection[int], records_max: int, wait_s: float) -> Sequence[Record]:
        """Return the next records of those partitions, from the committed offset on, in order within a partition.

        Waits up to `wait_s` for the first one; an empty answer is normal. Partitions that are not ours are passed over.
        """

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Record, per partition, the next offset to read. StaleOwner when a partition is not ours (any more)."""

    async def committed(self, partition: int) -> int:
        """Return the next offset to read as last committed; the start of the partition when nothing was."""

    def holds(self, partition: int) -> bool:
        """Whether ownership is certain right now: assigned, and the last good heartbeat is recent enough."""

    async def leave(self) -> None:
        """Leave the group; `on_revoked` is called for what was held."""


class Log(Protocol):
    """The durable log: topics with a fixed number of partitions."""

    def partitions(self, topic: str) -> int:
        """Return the number of partitions of a topic. KeyError when the topic was not declared."""

    def partition_of(self, topic: str, key: bytes) -> int:
        """Return the partition of a key; the same for ever."""

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """Append one record; durable when this returns.

        Errors: Unavailable (nothing was written, no gap left), WriteInDoubt (it may be there).
        """

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """Read records from an offset on, outside any group; does not wait. May cut the answer short by size."""

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """Return what a partition holds right now."""

    async def join(self, group: str, topic: str, ownership: Ownership) -> Consumer:
        """Become a member of a group."""

    async def wait(self, topic: str, wait_s: float) -> None:
        """Return when something may have been appended to the topic, or after `wait_s`."""

    async def aclose(self) -> None:
        """Let pending appends finish and let go of everything."""


class Trimming(Protocol):
    """Letting go of the oldest records of a log. Whether they may go is decided by the caller."""

    async def readers(self, topic: str, groups: Collection[str]) -> Mapping[str, Mapping[int, int]]:
        """Return, per group and partition, the next offset to read as last committed; the start when nothing was.

        Every partition of the topic is there. Errors: Unavailable.
        """

    async def trim(self, topic: str, partition: int, before: int) -> int:
        """Remove the records below `before`, durably, and return where the partition starts then.

        A `before` past the end stands for the end; one at or below the start changes nothing. Offsets keep their
        records: nothing is numbered anew, and a partition without records goes on where it ended. A read below the
        start begins at the start. Appends go on meanwhile. Errors: Unavailable, WriteInDoubt; some may be gone then,
        always from the start on and without a gap, and the next call goes on.
        """


# --- the store -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request to be the one message of (sender, key). `fingerprint` is a keyed digest of the body."""

    sender: str
    key: str
    fingerprint: bytes
    message_id: str
    ordering_key: str
    code_as_given: str
    revision: int
    received_at: datetime


class ReservationState(StrEnum):
    """What the inbox says to a reservation."""

    NEW = "new"
    RESERVED = "reserved"
    OVERTAKEN = "overtaken"
    ACCEPTED = "accepted"
    OTHER_BODY = "other_body"
    REVISION_BACKWARDS = "revision_backwards"


@dataclass(frozen=True, slots=True)
class Reserved:
    """The inbox's answer. For RESERVED, OVERTAKEN and ACCEPTED the ids and the time are those of the first request.

    `code_as_given` is the spelling under which the dossier first came in.
    """

    state: ReservationState
    message_id: str
    received_at: datetime
    code_as_given: str


class Inbox(Protocol):
    """Remembers what came in, so that a repeat is recognised."""

    async def reserve(self, reservation: Reservation) -> Reserved:
        """Reserve durably, or say what is there. A NEW answer also raises the dossier's highest revision.

        RESERVED means: reserved before, and not (yet) seen in the log. OVERTAKEN: the same, and the dossier has a
        higher revision by now, so that appending would turn the order round. REVISION_BACKWARDS: the dossier already
        has this revision, or a higher one, under another key.
        """


class Keys(Protocol):
    """Data keys, one per subject (a dossier); kept apart from what they seal."""

    async def key_for(self, subject: str) -> tuple[str, bytes]:
        """Return (key id, 32 bytes) of the subject, made durable first when it is new."""

    async def key(self, key_id: str) -> bytes:
        """Return the 32 bytes. Unsealable when the key was destroyed or never existed."""


@dataclass(frozen=True, slots=True)
class DeliveryId:
    """Names one delivery for ever."""

    message_id: str
    operation: str
    part: int


@dataclass(frozen=True, slots=True)
class LaneKey:
    """Names one lane: one ordering key towards one platform."""

    ordering_key: str
    platform: str


@dataclass(frozen=True, slots=True)
class ParkedRow:
    """One delivery in the parking place. (`partition`, `offset`, `index`) orders a lane; `envelope` is the command.

    `state` is waiting, in_flight, parked, in_doubt or dead; final states leave tombstones. `attempts` counts tries.
    A withdrawal lies in a lane as a row, too: its operation is `hub.withdrawal.<platform>`, and nothing is sent for it.
    """

    id: DeliveryId
    lane: LaneKey
    partition: int
    offset: int
    index: int
    state: DeliveryState
    attempts: int
    due_at: datetime
    envelope: bytes
    code: str = ""


@dataclass(frozen=True, slots=True)
class PartitionMemory:
    """What the store remembers of a partition when a worker takes it over. The first epoch is 1.

    `settled` holds the deliveries of records at or past the committed offset that need no further work: final in the
    ledger, or a tombstone. A dead one counts only when its row is there to hold its lane; a crash may come between.
    `rows` are the parked rows of the partition without their envelopes, in lane order.
    """

    epoch: int
    settled: frozenset[DeliveryId]
    rows: tuple[ParkedRow, ...]


class Parking(Protocol):
    """Where deliveries wait for the next try. Every write names the epoch and raises StaleOwner when it is old."""

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """Raise the partition's epoch and return what is remembered of it. The ledger must have caught up before."""

    async def put(self, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
        """Insert or overwrite rows; durable when this returns."""

    async def fetch(self, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
        """Return the first rows of a lane that are not tombstones, envelopes included."""

    async def settle(self, partition: int, epoch: int, ids: Sequence[DeliveryId]) -> None:
        """Turn rows into tombstones without envelopes."""

    async def sweep(self, partition: int, epoch: int, committed: int) -> None:
        """Remove the tombstones of records below the committed offset."""


@dataclass(frozen=True, slots=True)
class Unparked:
    """A delivery that is still owed, whose record is committed, and of which the parking place knows nothing.

    `offset` is that of the first record of its message, `index` its line there.
    """

    id: DeliveryId
    offset: int
    index: int
    state: DeliveryState
    attempts: int


class Owed(Protocol):
    """What a parking place that was lost, or brought back from a copy, no longer knows."""

    async def unparked(
        self, partition: int, committed: int, after: DeliveryId | None, rows_max: int
    ) -> Sequence[Unparked]:
        """Return the next ones after an id, in the order of ids. The ledger must have caught up before.

        In good order there are none: what is below the committed offset is final or parked.
        """

    async def park(self, rows: Sequence[ParkedRow]) -> None:
        """Put rows back; one that is there by now stays as it is."""


@dataclass(frozen=True, slots=True)
class Projected:
    """One record of the log in the form that projections read. Exactly one of the three is set."""

    record: Record
    command: CommandHeader | None = None
    outcome: OutcomeHeader | None = None
    audit: AuditRecord | None = None


@dataclass(frozen=True, slots=True)
class ProjectedBatch:
    """What one partition holds from `start` up to, not including, `next_offset`: all of it that can be read."""

    records: Sequence[Projected]
    next_offset: int
    start: int = 0


class Projection(Protocol):
    """Rows and offset in one transaction: a replay changes nothing."""

    async def next_offset(self, topic: str, partition: int) -> int:
        """Return the next offset that the projection wants."""

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """Write the rows and offsets of some partitions. What was applied before is passed over.

        Several processes may apply the same partition. HubFault when a batch starts past the offset that is wanted
        next: it would leave a hole; `next_offset` says where to go on.
        """


class ReadModels(Protocol):
    """What people ask the hub."""

    async def overview(self) -> Overview:
        """Count messages and deliveries, per platform."""

    async def timeline(self, ordering_key: str) -> Timeline | None:
        """Return everything known of a dossier; None when it is unknown."""

    async def first_offset(self, message_id: str) -> int | None:
        """Return the offset in `hub.commands` of the first record that carries the message, as far as is projected."""

    async def sender_of(self, message_id: str) -> tuple[str, str] | None:
        """Return (agency, ordering key) of a message."""


@dataclass(frozen=True, slots=True)
class LateDelivery:
    """A delivery that is not final although its message was received long ago, at `since`."""

    id: DeliveryId
    platform: str
    since: datetime


class Lateness(Protocol):
    """What waits too long. A delivery waits until its state is final."""

    async def late(self, received_before: datetime) -> Mapping[str, int]:
        """Count, per platform, what waits and was received before then."""

    async def untold(
        self, received_before: datetime, after: DeliveryId | None, deliveries_max: int
    ) -> Sequence[LateDelivery]:
        """Return what waits, was received before then, and was not told as late; by id, from the one behind `after`."""


# --- status events ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """A status event that still has to go into the log. Those of one ordering key go there in the order of places."""

    partition: int
    place: int
    ordering_key: str
    value: bytes


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """A status event that lies in the log already. `late` names the delivery when the event says that it is late."""

    offset: int
    id: str
    ordering_key: str
    seq: int
    late: DeliveryId | None = None


class EventStore(Protocol):
    """Turns commands and outcomes into numbered status events; everything it does is durable when it returns."""

    async def next_offset(self, topic: str, partition: int) -> int:
        """As `Projection`."""

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """As `Projection`. The commands that outcomes answer must have been applied before."""

    async def note_late(self, delivery: DeliveryId, since: datetime, now: datetime) -> bool:
        """Tell that a delivery is late. False when that was told, it waits no longer, or its message is unknown."""

    async def learnt_to(self, partition: int) -> int:
        """Return the offset in `hub.events` up to which the log's own events are known here."""

    async def learn(self, partition: int, start: int, events: Sequence[LoggedEvent], next_offset: int) -> None:
        """Take over events that the log holds: their numbers are used up, and they need not be told again."""

    async def claim(self, partitions: Collection[int], holder: str, now: datetime, until: datetime) -> Collection[int]:
        """Return those of the partitions that the holder may publish until then: free ones, and its own."""

    async def release(self, holder: str) -> None:
        """Let go of what the holder has claimed."""

    async def outbox(self, partitions: Collection[int], events_max: int) -> Sequence[OutboxEvent]:
        """Return the first events of each partition that wait to be published, `events_max` each, in order."""

    async def published(self, events: Sequence[OutboxEvent], ends: Mapping[int, int]) -> None:
        """Remove events that lie in the log; `ends` is, per partition, the offset after the last of them."""


# --- platforms -------------------------------------------------------------------------------------------------------


class Effect(StrEnum):
    """What repeating an operation does at the platform."""

    KEYED = "keyed"
    """The platform knows our key and acts once."""
    QUERYABLE = "queryable"
    """We can ask whether it acted."""
    OVERWRITE = "overwrite"
    """Repeating changes nothing."""
    APPEND = "append"
    """Neither: repeating may double."""


class DoubtRule(StrEnum):
    """What to do when a try may have acted."""

    INQUIRE = "inquire"
    RESEND = "resend"
    OPERATOR = "operator"


class Finding(StrEnum):
    """What an inquiry found."""

    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Job:
    """One delivery as an operation sees it: the message in the hub's words, and which part of it is wanted.

    Rows that are sent in parts are cut evenly: part p of n holds rows [len*p//n, len*(p+1)//n).
    """

    message_id: str
    submission: DossierSubmission
    procedure: Procedure
    part: int
    of: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A platform's answer, before it is judged: HTTP status, the platform's own code and text.

    `text` may name people: it is judged and sealed, never logged.
    """

    http_status: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """One row of a platform's table. None matches anything; `text` is a case-insensitive regular expression."""

    outcome: OutcomeClass
    http_status: tuple[int, int] | None = None
    code: str | None = None
    text: str | None = None


LEAVE: ContextVar[Callable[[], None]] = ContextVar("LEAVE", default=lambda: None)
"""Asked by adapters when the bytes of a request are about to go out, and raising HubFault when they may not any more.

Between the decision to call and the call a process can be halted, and wake up when another one has taken its work over.
Whoever decides sets the question; without one everything may go out.
"""


class Operation(Protocol):
    """One thing that an adapter can do. It never retries beyond one re-login, and never sleeps."""

    @property
    def name(self) -> str:
        """Unique, `platform.verb`."""

    @property
    def platform(self) -> str:
        """The platform whose lane, circuit and quota the operation uses."""

    @property
    def effect(self) -> Effect:
        """What repeating does."""

    @property
    def on_doubt(self) -> DoubtRule:
        """What to do after a try that may have acted."""

    @property
    def rules(self) -> Sequence[OutcomeRule]:
        """The platform's outcome table for this operation, first match wins; no match means unknown."""

    def parts(self, submission: DossierSubmission) -> int:
        """Return into how many deliveries the submission falls; 0 when there is nothing to send. Pure."""

    async def send(self, job: Job) -> Reply:
        """Try once. Errors: NotSent, ReplyLost, ReplyUnreadable, RefusedUs; what `LEAVE` raises (nothing was sent)."""

    async def inquire(self, job: Job) -> Finding:
        """Ask whether an earlier `send` of this job has arrived. Same errors; PlatformFault when it cannot be told."""


class CitizenSource(Protocol):
    """A platform that knows citizens."""

    @property
    def platform(self) -> str:
        """Name of the platform, as audit and metrics show it."""

    async def lookup(self, query: CitizenQuery, request_id: str) -> Sequence[Citizen]:
        """Return the persons that match: none, one, or several. Errors: PlatformFault."""


class Adapter(Protocol):
    """One platform behind its wire format. Built by `module.build(config, transport)` from its dotted path."""

    @property
    def name(self) -> str:
        """The platform's name in configuration, routes and metrics."""

    @property
    def operations(self) -> Sequence[Operation]:
        """What it can be told to do."""

    @property
    def citizens(self) -> CitizenSource | None:
        """What it can be asked, where it knows citizens."""

    async def aclose(self) -> None:
        """Let go of connections."""


# --- audit -----------------------------------------------------------------------------------------------------------


class Audit(Protocol):
    """The audit: a record is durable when `write` returns."""

    async def write(self, record: AuditRecord) -> None:
        """Append one record. Errors: Unavailable, WriteInDoubt; the caller then gives no data."""
