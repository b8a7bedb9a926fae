"""A platform that may be called so often only: what has no room waits, and that is no failure."""

import asyncio
from dataclasses import replace

import structlog.testing

from schemas.delivery import DeliveryState
from tests.simulation.world import World


def _codes(number: int) -> list[str]:
    return [f"H56.14-261122-{at:05d}" for at in range(number)]


def _most(times: list[float], within_s: float) -> int:
    """Return the greatest number of calls that began within some seconds."""
    return max(sum(start <= at < start + within_s for at in times) for start in times)


async def test_the_rate_is_kept_and_used_and_nobody_fails() -> None:
    """Ten calls a second with a burst of five: never more, hardly less, oldest first, and no circuit opens."""
    world, codes = World(1), _codes(200)
    world.shares = replace(world.shares, calls_per_s=10.0, calls_burst=5)
    for code in codes:
        await world.submit(code, 1, "portal.state")
    with structlog.testing.capture_logs() as lines:
        world.start()
        await world.run_until_done()

    assert _most(world.platform.called_s, 1.0) <= 10 + 5
    assert _most(world.platform.called_s, 10.0) <= 100 + 5
    assert world.platform.called_s[-1] - world.platform.called_s[0] < 21.5
    assert not any(line["event"] == "circuit_opened" for line in lines)
    assert {DeliveryState.DELIVERED} == {state for states in (await world.states()).values() for state in states}
    await world.crash()


async def test_inquiries_count_as_calls() -> None:
    """Where half of the calls go wrong and are asked about, the sum of both keeps the rate."""
    world = World(2)
    world.platform.faults = replace(world.platform.faults, lost_before=0.25, lost_after=0.25)
    world.shares = replace(world.shares, calls_per_s=5.0, calls_burst=5)
    for code in _codes(60):
        await world.submit(code, 1, "portal.state")
    world.start()
    await world.run_until_done()

    assert world.platform.inquiries > 10
    assert _most(world.platform.called_s, 10.0) <= 50 + 5 + 4
    await world.crash()


async def test_several_processes_keep_one_rate() -> None:
    """Each takes the part that its partitions are of all, and the sum is the platform's."""
    world = World(3)
    world.shares = replace(world.shares, calls_per_s=10.0, calls_burst=4)
    for code in _codes(100):
        await world.submit(code, 1, "portal.state")
    world.start()
    world.start()
    await world.run_until_done()

    assert _most(world.platform.called_s, 5.0) <= 50 + 4 + 2
    await world.crash()


async def test_a_day_that_is_used_up_ends_at_midnight_in_vietnam() -> None:
    """Fifty a day: fifty today, restarts included, and the rest right after midnight."""
    world = World(4)
    world.shares = replace(world.shares, calls_per_day=50)
    world.start()
    for code in _codes(70):
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(60)
    assert 50 == world.platform.calls

    # The simulation begins at 8 o'clock in Vietnam; the hub is started again at ten to midnight.
    await world.crash()
    await asyncio.sleep(15 * 3600 + 50 * 60 - world.clock.monotonic())
    world.start()
    await asyncio.sleep(590)
    assert 50 == world.platform.calls
    await world.run_until_done()
    assert 70 == world.platform.calls
    await world.crash()


async def test_a_platform_without_room_slows_nobody_else() -> None:
    """While one platform is rationed, deliveries to another one take no longer than ever."""
    world, codes = World(5), _codes(120)
    other = world.add_platform("other")
    rationed, free = replace(world.shares, calls_per_s=1.0), world.shares
    world.limits_of = lambda platform: rationed if platform == "portal" else free
    world.start()
    for code in codes:
        await world.submit(code, 1, "portal.state", "other.state")
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)

    assert 120 == len(other.effects)
    assert len(world.platform.effects) < 20
    await world.crash()
