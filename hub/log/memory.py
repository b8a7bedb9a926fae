"""The log in memory: for tests and simulation. Nothing survives the process."""

import asyncio
from collections.abc import Mapping, Sequence

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
        records = self._records[topic, partition]
        records.append(Record(topic, partition, len(records), self._clock.now(), key, value))
        self._arrivals.announce(topic)
        return Position(topic, partition, len(records) - 1)

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As the port."""
        self._refuse_when_closed()
        records = self._records[topic, partition]
        return records[max(offset, 0) : max(offset, 0) + records_max]

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """As the port."""
        self._refuse_when_closed()
        return Bounds(0, len(self._records[topic, partition]))

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
        return self._committed.get((group, topic, partition), 0)

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
