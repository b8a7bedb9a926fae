"""Status events on their way into the log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.ports.parking import DeliveryId
from hub.ports.projection import ProjectedBatch


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
        """Return those of the partitions that the holder may publish until then: free ones, and its own.

        A claim that ends later than any that could be made now, by a clock that ran ahead, leaves a partition free.
        """

    async def release(self, holder: str) -> None:
        """Let go of what the holder has claimed."""

    async def outbox(self, partitions: Collection[int], events_max: int) -> Sequence[OutboxEvent]:
        """Return the first events of each partition that wait to be published, `events_max` each, in order."""

    async def published(self, events: Sequence[OutboxEvent], ends: Mapping[int, int]) -> None:
        """Remove events that lie in the log; `ends` is, per partition, the offset after the last of them."""
