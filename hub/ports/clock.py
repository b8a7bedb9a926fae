"""Time and waiting."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time and waiting. Tests hand over one that they move themselves."""

    def now(self) -> datetime:
        """UTC, aware."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    async def sleep(self, delay_s: float) -> None:
        """Wait."""
