"""How much may be sent so far, so that every life of the hub gets its share of the work."""

import asyncio


class Quota:
    """`take` waits until the allowance covers one more. `taken` counts."""

    def __init__(self) -> None:
        self.taken = 0
        self._allowed = 0
        self._raised = asyncio.Event()

    def allow(self, total: int) -> None:
        """Raise the allowance to a total; it never sinks."""
        self._allowed = max(self._allowed, total)
        self._raised.set()

    async def take(self) -> None:
        """Take one."""
        while self.taken >= self._allowed:
            self._raised.clear()
            await self._raised.wait()
        self.taken += 1
