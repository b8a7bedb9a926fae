"""The fault `down`: the data port is closed, and opens again by itself or on command."""

import asyncio

from ops.sandbox.door import Door


class Outage:
    """Keeps the data door shut while at least one `down` is in force."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._timers: dict[int, asyncio.Task[None] | None] = {}

    async def begin(self, fault_id: int, duration_s: float | None) -> None:
        """Shut the door, for `duration_s` seconds or until the fault is taken back."""
        await self._door.shut()
        timer = None if duration_s is None else asyncio.create_task(self._end_later(fault_id, duration_s))
        self._timers[fault_id] = timer

    async def end(self, fault_id: int | None) -> None:
        """Take one outage back (None: all of them) and open the door when none is left."""
        ended = list(self._timers) if fault_id is None else [fault_id] if fault_id in self._timers else []
        for one in ended:
            timer = self._timers.pop(one)
            if timer is not None:
                timer.cancel()
        if ended and not self._timers:
            await self._door.open()

    async def aclose(self) -> None:
        """Stop the timers."""
        timers = [timer for timer in self._timers.values() if timer is not None]
        self._timers.clear()
        for timer in timers:
            timer.cancel()
        await asyncio.gather(*timers, return_exceptions=True)

    async def _end_later(self, fault_id: int, duration_s: float) -> None:
        await asyncio.sleep(duration_s)
        del self._timers[fault_id]
        if not self._timers:
            await self._door.open()
