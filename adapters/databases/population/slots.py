"""A bound on lookups: so many at the same time, so many waiting, none longer than its deadline."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.errors import NotSent


class Slots:
    """`slots_max` users at a time; at most `waiting_max` wait for their turn."""

    def __init__(self, slots_max: int, waiting_max: int) -> None:
        self._free = asyncio.Semaphore(slots_max)
        self._waiting = 0
        self._waiting_max = waiting_max

    @asynccontextmanager
    async def slot(self, deadline: float) -> AsyncIterator[None]:
        """Hold a slot. NotSent when too many wait, or none is free before `deadline` (the event loop's clock)."""
        await self._take(deadline)
        try:
            yield
        finally:
            self._free.release()

    async def _take(self, deadline: float) -> None:
        if self._free.locked() and self._waiting >= self._waiting_max:
            raise NotSent("too many lookups are waiting")
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._free.acquire()
        except TimeoutError:
            raise NotSent("no lookup ended before the deadline") from None
        finally:
            self._waiting -= 1
