"""Who stands behind all deliveries calls a platform only when nothing of its share is wanted for them."""

from dataclasses import replace
from datetime import timedelta

from hub.pipeline.windows import Closures, Dated
from tests.simulation.world import World


async def test_a_platform_without_a_quota_may_be_called() -> None:
    """As often as one likes, while nothing waits."""
    world = World(1)
    running = world.start()

    assert [True] * 3 == [running.dispatch.spares("portal") for _ in range(3)]


async def test_a_call_that_is_not_urgent_counts() -> None:
    """One a second: the second one has to wait."""
    world = World(1)
    world.shares = replace(world.shares, calls_per_s=1.0, calls_burst=1)
    running = world.start()

    assert [True, False] == [running.dispatch.spares("portal") for _ in range(2)]
    await world.clock.sleep(1.0)
    assert running.dispatch.spares("portal")


async def test_a_day_that_is_used_up_is_used_up_for_all() -> None:
    """Until the next day."""
    world = World(1)
    world.shares = replace(world.shares, calls_per_day=2)
    running = world.start()

    assert [True, True, False] == [running.dispatch.spares("portal") for _ in range(3)]


async def test_nobody_calls_in_a_window() -> None:
    """It ends for everybody at once."""
    world = World(1)
    now = world.clock.now()
    world.shares = replace(world.shares, closures=Closures(dated=[Dated(now, now + timedelta(seconds=60))]))
    running = world.start()

    assert not running.dispatch.spares("portal")
    await world.clock.sleep(61.0)
    assert running.dispatch.spares("portal")


async def test_nobody_calls_while_the_platform_is_away_or_deliveries_wait() -> None:
    """Neither while the circuit is open, nor before what waited has gone."""
    world = World(1)
    world.platform.down = True
    await world.submit("H56.14-261122-0001", 1, "portal.state")
    running = world.start()
    await world.clock.sleep(10.0)

    assert not running.dispatch.spares("portal")
    world.platform.down = False
    await world.run_until_done()
    assert running.dispatch.spares("portal")
    await world.crash()
