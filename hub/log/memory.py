"""The log in memory: for tests and simulation. Nothing survives the process."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from hub.errors import TooLarge, Unavailable
from hub.log.arrivals import Arrivals
from hub.log.consumer import GroupConsumer, Groups
from hub.log.topics import Topics
from hub.ports import Bounds, Clock, Ownership, Position, Record

RECORD_BYTES_MAX = 4 * 1024 * 1024


class MemoryLog:
    """The `Log` port in memory, for as many groups and members as one process wants; it waits on the given clock.

    `append` also raises TooLarge over `record_bytes_max` (key and value), and past `records_max` records the log is
    full: Unavailable with code `hub.disk_full`. After `aclose` everything raises Unavailable.
    """

    def __init__(
        self,
        topics: Mapping[str, int],
        clock: Clock,
        *,
        record_bytes_max: int = RECORD_BYTES_MAX,
        records_max: int = 1_000_000,
        revoke_wait_s: float = 30.0,
    ) -> None:
        self._topics = Topics(topics)
        self._clock = clock
        self._record_bytes_max = record_bytes_max
        self._room = records_max
        self._records: dict[tuple[str, int], list[Record]] = {place: [] for place in self._topics}
        self._starts = dict.fromkeys(self._topics, 0)
        self._committed: dict[tuple[str, str, int], int] = {}
        self._arrivals = Arrivals(clock)
        self._groups = Groups(self._topics, self, clock, self._arrivals, revoke_wait_s)
        self._closed = False

    def partitions(self, topic: str) -> int:
        """As the port."""
        return self._topics.partitions(topic)

    def partition_of(self, topic: str, key: bytes) -> int:
        """As the port."""
        return self._topics.partition_of(topic, key)

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port."""
        partition = self._topics.partition_of(topic, key)
        self._refuse_when_closed()
        if len(key) + len(value) > self._record_bytes_max:
            raise TooLarge(f"a record may have {self._record_bytes_max} bytes")
        if self._room <= 0:
            raise Unavailable("the log in memory is full", code="hub.disk_full")
        self._room -= 1
        records, start = self._records[topic, partition], self._starts[topic, partition]
        records.append(Record(topic, partition, start + len(records), self._clock.now(), key, value))
        self._arrivals.announce(topic)
        return Position(topic, partition, records[-1].offset)

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As the port."""
        self._refuse_when_closed()
        first = max(offset - self._starts[topic, partition], 0)
        return self._records[topic, partition][first : first + records_max]

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """As the port."""
        self._refuse_when_closed()
        start = self._starts[topic, partition]
        return Bounds(start, start + len(self._records[topic, partition]))

    async def trim(self, topic: str, partition: int, before: int) -> int:
        """As `Trimming.trim`."""
        self._refuse_when_closed()
        records = self._records[topic, partition]
        gone = min(max(before - self._starts[topic, partition], 0), len(records))
        del records[:gone]
        self._room += gone
        self._starts[topic, partition] += gone
        return self._starts[topic, partition]

    async def readers(self, topic: str, groups: Collection[str]) -> Mapping[str, Mapping[int, int]]:
        """As `Trimming.readers`."""
        partitions = range(self._topics.partitions(topic))
        return {group: {each: self.committed(group, topic, each) for each in partitions} for group in groups}

    async def join(self, group: str, topic: str, ownership: Ownership) -> GroupConsumer:
        """As the port."""
        self._refuse_when_closed()
        return self._groups.join(group, topic, ownership)

    async def wait(self, topic: str, wait_s: float) -> None:
        """As the port."""
        self._topics.partitions(topic)
        self._refuse_when_closed()
        await self._arrivals.wait(topic, self._arrivals.seen(topic), wait_s)

    async def aclose(self) -> None:
        """As the port; members still in a group leave it first."""
        await self._groups.aclose()
        self._closed = True
        self._arrivals.close()

    def committed(self, group: str, topic: str, partition: int) -> int:
        """As `hub.log.consumer.Source`."""
        return max(self._starts[topic, partition], self._committed.get((group, topic, partition), 0))

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> asyncio.Future[None]:
        """As `hub.log.consumer.Source`."""
        for partition, offset in offsets.items():
            self._committed[group, topic, partition] = offset
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Unavailable("the log is closed")
