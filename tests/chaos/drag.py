"""A slow disk: pauses by seed before writes, so that what should wait for them has time to run ahead."""

import asyncio
from random import Random

_SHARE = 0.25
"""Of the writes that are slow."""


class Drag:
    """Without a seed nothing is slow."""

    def __init__(self, seed: int | None, slowest_s: float = 0.25) -> None:
        self._chance = None if seed is None else Random(seed)
        self._slowest_s = slowest_s

    async def pull(self) -> None:
        """Pause, or not."""
        if self._chance is not None and self._chance.random() < _SHARE:
            await asyncio.sleep(self._chance.uniform(0, self._slowest_s))
