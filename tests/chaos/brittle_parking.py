"""The parking place with crash points around its writes."""

from collections.abc import Sequence

from hub.ports import DeliveryId, Farewell, LaneKey, ParkedRow, Parking, PartitionMemory
from tests.chaos.crash import Fuse, Point
from tests.chaos.drag import Drag


class BrittleParking:
    """The `Parking` port over another one."""

    def __init__(self, inner: Parking, fuse: Fuse, drag: Drag) -> None:
        self._inner = inner
        self._fuse = fuse
        self._drag = drag

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """As the port."""
        return await self._inner.take_over(partition, committed)

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """As the port."""
        await self._inner.leave(farewells)

    async def put(self, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
        """Park between two crash points."""
        await self._drag.pull()
        self._fuse.pass_by(Point.PARK_BEFORE)
        await self._inner.put(partition, epoch, rows)
        self._fuse.pass_by(Point.PARK_AFTER)

    async def fetch(self, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
        """As the port."""
        return await self._inner.fetch(partition, lane, rows_max)

    async def find(self, partition: int, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
        """As the port."""
        return await self._inner.find(partition, ids)

    async def settle(self, partition: int, epoch: int, ids: Sequence[DeliveryId]) -> None:
        """Settle between two crash points."""
        await self._drag.pull()
        self._fuse.pass_by(Point.SETTLE_BEFORE)
        await self._inner.settle(partition, epoch, ids)
        self._fuse.pass_by(Point.SETTLE_AFTER)

    async def sweep(self, partition: int, epoch: int, committed: int) -> None:
        """As the port."""
        await self._inner.sweep(partition, epoch, committed)
