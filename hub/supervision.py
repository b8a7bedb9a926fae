"""Parts that run for ever, and are started again when they fall: nobody is there to do it by hand."""

import asyncio
from collections.abc import Awaitable, Callable

from hub.ports import Clock
from hub.telemetry import logger

_FIRST_S = 0.5
_MAX_S = 30.0
_HEALTHY_S = 60.0
_log = logger("supervision")


class Supervisor:
    """Restarts parts with a growing pause; a part that ran well for a minute starts with the first pause again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fallen: dict[str, int] = {}

    @property
    def fallen(self) -> dict[str, int]:
        """How often each part that is not healthy right now has fallen in a row."""
        return {name: times for name, times in self._fallen.items() if times}

    async def keep(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part until it ends by itself or is cancelled; start it again when it raises."""
        while True:
            started_s = self._clock.monotonic()
            try:
                await self._watched(name, part)
            except Exception as fault:  # noqa: BLE001 - the boundary of a part: whatever it was, the hub goes on
                if self._clock.monotonic() - started_s >= _HEALTHY_S:
                    self._fallen[name] = 0
                self._fallen[name] = self._fallen.get(name, 0) + 1
                pause_s = min(_MAX_S, _FIRST_S * 2.0 ** (self._fallen[name] - 1))
                _log.error("part_fell", task=name, restarts=self._fallen[name], delay_s=pause_s, exc_info=fault)
                await self._clock.sleep(pause_s)
            else:
                self._fallen[name] = 0
                return

    async def _watched(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part; when it has run for a minute it counts as healthy."""
        healthy = asyncio.get_running_loop().create_task(self._healthy_later(name))
        try:
            await part()
        finally:
            healthy.cancel()

    async def _healthy_later(self, name: str) -> None:
        await self._clock.sleep(_HEALTHY_S)
        self._fallen[name] = 0
