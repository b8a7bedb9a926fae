"""A clock that tests move themselves."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta


class ManualClock:
    """The `Clock` port in virtual time: `sleep` ends when `advance` passes its end."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = 0

    def now(self) -> datetime:
        """UTC, aware."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Virtual seconds since the start."""
        return self._elapsed_s

    async def sleep(self, delay_s: float) -> None:
        """Wait in virtual time."""
        if delay_s <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        self._order += 1
        heapq.heappush(self._sleepers, (self._elapsed_s + delay_s, self._order, future))
        await future

    async def advance(self, by_s: float) -> None:
        """Move time on, waking sleepers in the order of their ends."""
        target = self._elapsed_s + by_s
        while True:
            await _settle()
            if not self._sleepers or self._sleepers[0][0] > target:
                break
            end, _, future = heapq.heappop(self._sleepers)
            self._elapsed_s = max(self._elapsed_s, end)
            if not future.done():
                future.set_result(None)
        self._elapsed_s = target
        await _settle()


async def _settle() -> None:
    """Let every task that can run do so."""
    for _ in range(20):
        await asyncio.sleep(0)
