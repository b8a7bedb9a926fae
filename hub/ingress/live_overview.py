"""The numbers of the live page, read once however many pages ask."""

import asyncio

from hub.ports import Clock, ReadModels


class LiveOverview:
    """Asks the read models at most once per `age_s_max`; whoever comes meanwhile shares the answer."""

    def __init__(self, read_models: ReadModels, clock: Clock, age_s_max: float = 0.5) -> None:
        self._read_models = read_models
        self._clock = clock
        self._age_s_max = age_s_max
        self._reading = asyncio.Lock()
        self._read_at_s: float | None = None
        self._body = b""

    async def body(self) -> bytes:
        """Return the overview as JSON. Errors: those of the read models."""
        async with self._reading:
            if self._read_at_s is None or self._clock.monotonic() - self._read_at_s >= self._age_s_max:
                self._body = (await self._read_models.overview()).model_dump_json().encode()
                self._read_at_s = self._clock.monotonic()
            return self._body
