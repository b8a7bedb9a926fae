"""Which alarms stand, for the whole installation."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol


class StandingAlarms(Protocol):
    """Remembers alarms by kind and platform, durably. Of all processes that raise or end one, one is told that it did.

    Errors: HubFault when the store cannot tell or write right now.
    """

    async def standing(self, kind: str) -> Collection[str]:
        """Return the platforms for which an alarm of the kind stands."""

    async def begin(self, kind: str, platform: str, since: datetime) -> bool:
        """Let an alarm stand. Whether this call has raised it."""

    async def end(self, kind: str, platform: str) -> bool:
        """Let an alarm stand no more. Whether this call has ended it."""
