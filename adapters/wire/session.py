"""One log-in for many callers: sessions and tokens of a platform, kept until they are refused or grow old."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from hub.ports import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Grant(Generic[T]):
    """What a log-in gave; `age_s_max` where the platform said how long it lasts."""

    value: T
    age_s_max: float | None = None


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """A session in use. Hand it back to `refuse` when the platform does not take it any more."""

    value: T
    number: int


class SessionCache(Generic[T]):
    """At most one log-in at a time, however many callers want a session.

    `log_in` bounds its own time. What it raises reaches every caller that waits for it; the next caller tries again.
    A caller that gives up does not end the log-in that others wait for.
    """

    def __init__(self, log_in: Callable[[], Awaitable[Grant[T]]], clock: Clock, *, age_s_max: float) -> None:
        self._log_in = log_in
        self._clock = clock
        self._age_s_max = age_s_max
        self._held: Held[T] | None = None
        self._expires_at = 0.0
        self._pending: asyncio.Task[Held[T]] | None = None
        self._number = 0

    async def get(self) -> Held[T]:
        """Return the session, logging in first where there is none or it is too old."""
        if self._held is not None and self._clock.monotonic() < self._expires_at:
            return self._held
        if self._pending is None:
            self._pending = asyncio.create_task(self._renew())
            self._pending.add_done_callback(self._settled)
        return await asyncio.shield(self._pending)

    def refuse(self, held: Held[T]) -> None:
        """Forget the session that the platform refused; one that took its place meanwhile stays."""
        if self._held is not None and self._held.number == held.number:
            self._held = None

    async def aclose(self) -> None:
        """End a log-in under way and forget the session."""
        self._held = None
        if self._pending is not None:
            self._pending.cancel()
            await asyncio.wait([self._pending])

    async def _renew(self) -> Held[T]:
        started = self._clock.monotonic()
        grant = await self._log_in()
        age_s_max = self._age_s_max if grant.age_s_max is None else min(self._age_s_max, grant.age_s_max)
        self._number += 1
        self._held = Held(grant.value, self._number)
        self._expires_at = started + age_s_max
        return self._held

    def _settled(self, task: "asyncio.Task[Held[T]]") -> None:
        """Let the next caller start anew; a failure that nobody waited for ends here."""
        self._pending = None
        if not task.cancelled():
            task.exception()
