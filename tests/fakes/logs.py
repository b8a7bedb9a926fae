"""A log in memory whose appends can be held up or made to fail."""

import asyncio
from collections.abc import Sequence

from hub.errors import HubError
from hub.log.memory import MemoryLog
from hub.ports import Bounds, Clock, Position, Record

TOPICS = {"hub.commands": 8, "hub.outcomes": 8, "hub.audit": 8, "hub.events": 8}


class TroubledLog(MemoryLog):
    """`before` failures are raised instead of an append, `after` failures once it was made; `open` lets appends go.

    `reading` failures are raised instead of a read; `starts` are the first offsets that are still kept.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(TOPICS, clock)
        self.before: list[HubError] = []
        self.after: list[HubError] = []
        self.reading: list[HubError] = []
        self.starts: dict[tuple[str, int], int] = {}
        self.open = asyncio.Event()
        self.open.set()

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port, with trouble."""
        await self.open.wait()
        if self.before:
            raise self.before.pop(0)
        position = await super().append(topic, key, value)
        if self.after:
            raise self.after.pop(0)
        return position

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As the port, with trouble; what lies before the start is gone."""
        if self.reading:
            raise self.reading.pop(0)
        return await super().read(topic, partition, max(offset, self.starts.get((topic, partition), 0)), records_max)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """As the port."""
        bounds = await super().bounds(topic, partition)
        return Bounds(self.starts.get((topic, partition), 0), bounds.end)

    async def records(self, topic: str) -> list[Record]:
        """Return everything in the topic."""
        found: list[Record] = []
        for partition in range(self.partitions(topic)):
            found.extend(await self.read(topic, partition, 0, 10_000))
        return found
