"""Waking whoever waits for a topic."""

import asyncio
from collections import Counter

from hub.ports import Clock


class Arrivals:
    """Counts, per topic, the moments at which something may have changed, and wakes those who wait for the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen: Counter[str] = Counter()
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}

    def seen(self, topic: str) -> int:
        """Return the count so far. Ask before looking, and `wait` with it after: nothing is missed in between."""
        return self._seen[topic]

    def announce(self, topic: str) -> None:
        """Wake everyone who waits for the topic."""
        self._seen[topic] += 1
        for waiter in self._waiting.pop(topic, ()):
            _wake(waiter)

    def close(self) -> None:
        """Wake everyone."""
        for topic in tuple(self._waiting):
            self.announce(topic)

    async def wait(self, topic: str, seen: int, wait_s: float) -> None:
        """Return as soon as the count differs from `seen`, or after `wait_s`."""
        if self._seen[topic] != seen or wait_s <= 0:
            return
        waiter = asyncio.get_running_loop().create_future()
        waiters = self._waiting.setdefault(topic, set())
        waiters.add(waiter)
        alarm = asyncio.create_task(_after(self._clock, wait_s, waiter))
        try:
            await waiter
        finally:
            waiters.discard(waiter)
            alarm.cancel()


async def _after(clock: Clock, wait_s: float, waiter: asyncio.Future[None]) -> None:
    """Wake one waiter when its time is up."""
    await clock.sleep(wait_s)
    _wake(waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    """Wake a waiter that may have been woken or cancelled before."""
    if not waiter.done():
        waiter.set_result(None)
