"""A projection in memory that notices what is missing."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from hub.ports import ProjectedBatch


class MemoryProjection:
    """The `Projection` port: remembers the offsets that were applied, by (topic, partition), in order.

    `troubles` are raised in place of the next applications; while `held` is not set they wait.
    """

    def __init__(self) -> None:
        self.applied: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        self.troubles: list[Exception] = []
        self.held = asyncio.Event()
        self.held.set()
        self._next: dict[tuple[str, int], int] = {}

    async def next_offset(self, topic: str, partition: int) -> int:
        """As the port."""
        return self._next.get((topic, partition), 0)

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """As the port."""
        await self.held.wait()
        if self.troubles:
            raise self.troubles.pop(0)
        for partition, batch in batches.items():
            place = (topic, partition)
            at = self._next.get(place, 0)
            self.applied[place] += [each.record.offset for each in batch.records if each.record.offset >= at]
            self._next[place] = max(at, batch.next_offset)
