"""Sessions: one log-in for many callers, and no stampede when one is refused."""

import asyncio

import pytest

from adapters.wire.session import Grant, SessionCache
from hub.errors import RefusedUs
from tests.clock import ManualClock


class LogIn:
    """A log-in that takes virtual time and counts itself; it fails while `refusing`."""

    def __init__(self, clock: ManualClock, *, age_s_max: float | None = None) -> None:
        self.clock = clock
        self.age_s_max = age_s_max
        self.count = 0
        self.refusing = False

    async def __call__(self) -> Grant[str]:
        """Log in."""
        self.count += 1
        number = self.count
        await self.clock.sleep(1)
        if self.refusing:
            raise RefusedUs("password")
        return Grant(f"session-{number}", self.age_s_max)


async def test_many_callers_cause_one_log_in() -> None:
    """A hundred callers at once, and a hundred afterwards, share one session."""
    clock = ManualClock()
    log_in = LogIn(clock)
    cache = SessionCache(log_in, clock, age_s_max=3600)

    callers = asyncio.gather(*(cache.get() for _ in range(100)))
    await clock.advance(1)
    held = await callers + await asyncio.gather(*(cache.get() for _ in range(100)))

    assert 1 == log_in.count
    assert {"session-1"} == {one.value for one in held}


async def test_a_refused_session_is_replaced_once() -> None:
    """All callers whose calls were refused under the old session share one new log-in."""
    clock = ManualClock()
    log_in = LogIn(clock)
    cache = SessionCache(log_in, clock, age_s_max=3600)
    first = asyncio.create_task(cache.get())
    await clock.advance(1)
    old = await first

    async def refused_once() -> str:
        cache.refuse(old)
        return (await cache.get()).value

    early = asyncio.gather(*(refused_once() for _ in range(50)))
    await clock.advance(1)
    late = [await refused_once() for _ in range(50)]

    assert {"session-2"} == {*await early, *late}
    assert 2 == log_in.count


async def test_an_old_session_is_not_used() -> None:
    """A session ends with the age that is allowed, counted from the start of its log-in."""
    clock = ManualClock()
    log_in = LogIn(clock)
    cache = SessionCache(log_in, clock, age_s_max=100)

    first = asyncio.create_task(cache.get())
    await clock.advance(99.9)
    second = await cache.get()
    third = asyncio.create_task(cache.get())
    await clock.advance(0.2)
    fourth = asyncio.create_task(cache.get())
    await clock.advance(1)

    assert ["session-1", "session-1", "session-1"] == [(await first).value, second.value, (await third).value]
    assert "session-2" == (await fourth).value


async def test_the_platform_may_shorten_the_age() -> None:
    """What the platform says of a token's life counts when it is shorter."""
    clock = ManualClock()
    log_in = LogIn(clock, age_s_max=10)
    cache = SessionCache(log_in, clock, age_s_max=100)

    first = asyncio.create_task(cache.get())
    await clock.advance(11)
    await first
    second = asyncio.create_task(cache.get())
    await clock.advance(1)

    assert "session-2" == (await second).value


async def test_a_failed_log_in_reaches_all_who_wait_and_nobody_later() -> None:
    """Failures are shared, not remembered."""
    clock = ManualClock()
    log_in = LogIn(clock)
    log_in.refusing = True
    cache = SessionCache(log_in, clock, age_s_max=100)

    callers = asyncio.gather(*(cache.get() for _ in range(3)), return_exceptions=True)
    await clock.advance(1)
    failures = await callers
    log_in.refusing = False
    again = asyncio.create_task(cache.get())
    await clock.advance(1)

    assert [RefusedUs] * 3 == [type(failure) for failure in failures]
    assert "session-2" == (await again).value


async def test_who_gives_up_does_not_end_the_log_in_of_others() -> None:
    """The caller that began the log-in is cancelled; the other one gets the session."""
    clock = ManualClock()
    log_in = LogIn(clock)
    cache = SessionCache(log_in, clock, age_s_max=100)

    first = asyncio.create_task(cache.get())
    second = asyncio.create_task(cache.get())
    await asyncio.sleep(0)
    first.cancel()
    await clock.advance(1)

    assert "session-1" == (await second).value
    assert 1 == log_in.count
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_ends_a_log_in_under_way() -> None:
    """Nothing is left running."""
    clock = ManualClock()
    cache = SessionCache(LogIn(clock), clock, age_s_max=100)
    caller = asyncio.create_task(cache.get())
    await asyncio.sleep(0)

    await cache.aclose()

    with pytest.raises(asyncio.CancelledError):
        await caller
    assert {asyncio.current_task()} == asyncio.all_tasks()
