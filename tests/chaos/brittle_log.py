"""The log with crash points around appends and commits."""

from collections.abc import Collection, Mapping, Sequence

from hub.ports import Bounds, Consumer, Log, Ownership, Position, Record
from tests.chaos.crash import Fuse, Point
from tests.chaos.drag import Drag

_APPENDS = {
    "hub.commands": (Point.APPEND_BEFORE, Point.APPEND_AFTER),
    "hub.outcomes": (Point.OUTCOME_BEFORE, Point.OUTCOME_AFTER),
}


class BrittleLog:
    """The `Log` port over another one."""

    def __init__(self, inner: Log, fuse: Fuse, drag: Drag) -> None:
        self._inner = inner
        self._fuse = fuse
        self._drag = drag

    def partitions(self, topic: str) -> int:
        """As the port."""
        return self._inner.partitions(topic)

    def partition_of(self, topic: str, key: bytes) -> int:
        """As the port."""
        return self._inner.partition_of(topic, key)

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """Append between two crash points, if the topic has any."""
        points = _APPENDS.get(topic)
        if points is None:
            return await self._inner.append(topic, key, value)
        await self._drag.pull()
        self._fuse.pass_by(points[0])
        position = await self._inner.append(topic, key, value)
        self._fuse.pass_by(points[1])
        return position

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As the port."""
        return await self._inner.read(topic, partition, offset, records_max)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """As the port."""
        return await self._inner.bounds(topic, partition)

    async def join(self, group: str, topic: str, ownership: Ownership) -> Consumer:
        """Return a consumer that is brittle too."""
        return BrittleConsumer(await self._inner.join(group, topic, ownership), self._fuse, self._drag)

    async def wait(self, topic: str, wait_s: float) -> None:
        """As the port."""
        await self._inner.wait(topic, wait_s)

    async def aclose(self) -> None:
        """As the port."""
        await self._inner.aclose()


class BrittleConsumer:
    """The `Consumer` port over another one."""

    def __init__(self, inner: Consumer, fuse: Fuse, drag: Drag) -> None:
        self._inner = inner
        self._fuse = fuse
        self._drag = drag

    async def fetch(self, partitions: Collection[int], records_max: int, wait_s: float) -> Sequence[Record]:
        """As the port."""
        return await self._inner.fetch(partitions, records_max, wait_s)

    async def commit(self, offsets: Mapping[int, int]) -> None:
        """Commit between two crash points."""
        await self._drag.pull()
        self._fuse.pass_by(Point.COMMIT_BEFORE)
        await self._inner.commit(offsets)
        self._fuse.pass_by(Point.COMMIT_AFTER)

    async def committed(self, partition: int) -> int:
        """As the port."""
        return await self._inner.committed(partition)

    def holds(self, partition: int) -> bool:
        """As the port."""
        return self._inner.holds(partition)

    async def leave(self) -> None:
        """As the port."""
        await self._inner.leave()
