"""Where deliveries wait, and how they are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.delivery import DeliveryState


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
    A withdrawal lies in a lane as a row, too: its operation is `hub.withdrawal.<platform>`, and nothing is sent for it;
    so does an operator's ruling, as `hub.ruling.<platform>`.
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
class Farewell:
    """The word of a partition's owner that log and rows tell of every call that was ever made for it.

    It is worth what it says only beside the log that it was said about: `committed` is the committed offset of the
    commands, `outcomes` the end of the outcomes, both as the owner saw them when nothing was under way any more.
    """

    partition: int
    epoch: int
    token: str
    committed: int
    outcomes: int


@dataclass(frozen=True, slots=True)
class PartitionMemory:
    """What the store remembers of a partition when a worker takes it over. The first epoch is 1.

    `settled` holds the deliveries of records at or past the committed offset that need no further work: final in the
    ledger, or a tombstone. A dead one counts only when its row is there to hold its lane; a crash may come between, and
    then it is one of the `dead`. `rows` are the parked rows of the partition without their envelopes, in lane order.

    `token` names this taking over, and no other one in any copy of the store. `farewell` is what the owner before said
    when it left, if it said anything.
    """

    epoch: int
    settled: frozenset[DeliveryId]
    rows: tuple[ParkedRow, ...]
    dead: frozenset[DeliveryId] = frozenset()
    token: str = ""
    farewell: Farewell | None = None


class Parking(Protocol):
    """Where deliveries wait for the next try. Every write names the epoch and raises StaleOwner when it is old."""

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """Raise the partition's epoch and return what is remembered of it. The ledger must have caught up before.

        Nobody is told of the farewell of the owner before a second time: it is void when this has been written.
        """

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """Keep farewells for the next owners, all in one write. That of who is no longer the owner is passed over."""

    async def put(self, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
        """Insert or overwrite rows; durable when this returns."""

    async def fetch(self, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
        """Return the first rows of a lane that are not tombstones, envelopes included."""

    async def find(self, partition: int, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
        """Return those of some rows that are there and no tombstones, in lane order, envelopes included."""

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

        In good order there are none: what is below the committed offset is final or parked. One that is owed and lies
        there as dead is among them: its row is from before an operator's ruling.
        """

    async def park(self, rows: Sequence[ParkedRow]) -> None:
        """Put rows back; one that is there by now stays as it is, unless it is dead."""
