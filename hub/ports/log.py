"""The durable log."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


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
