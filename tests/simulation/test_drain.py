"""A platform comes back: what waited goes oldest first, slowly at first, and costs nothing while it waits."""

import asyncio
from dataclasses import replace

from hub.delivery.admission.shares import ShareLimits
from hub.delivery.worker import WorkerLimits
from tests.simulation.world import World

_WIDE = ShareLimits(concurrency_max=16, hot_max=5000)


def _codes(number: int) -> list[str]:
    return [f"H56.14-261122-{at:05d}" for at in range(number)]


async def _backlog(world: World, codes: list[str], back_after_s: float) -> float:
    """Let dossiers come to a platform that is down; bring it back, and return when."""
    world.shares = _WIDE
    world.limits = WorkerLimits(window_records=1000, fetch_records_max=500, fetch_wait_s=0.25)
    world.platform.down = True
    world.platform.call_s = (0.1, 0.1)
    world.start()
    for code in codes:
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(back_after_s)
    world.platform.down = False
    return world.clock.monotonic()


async def test_the_backlog_goes_oldest_first_across_partitions() -> None:
    """Nobody is overtaken by more than two rounds of what is under way at once, those that failed first included."""
    world, codes = World(1), _codes(200)
    await _backlog(world, codes, 120)
    await world.run_until_done()

    places = [codes.index(deed[0]) for deed in world.platform.effects]
    assert max(abs(place - at) for at, place in enumerate(places)) <= 2 * 16
    await world.crash()


async def test_what_comes_during_the_drain_waits_behind_the_backlog() -> None:
    """Later dossiers do not overtake those that have waited since the outage."""
    world, codes = World(2), _codes(150)
    await _backlog(world, codes[:120], 60)
    await world.first_effect()
    for code in codes[120:]:
        await world.submit(code, 1, "portal.state")
    await world.run_until_done()

    places = [codes.index(deed[0]) for deed in world.platform.effects]
    assert max(abs(place - at) for at, place in enumerate(places)) <= 2 * 16
    await world.crash()


async def test_a_platform_that_returns_is_not_run_over() -> None:
    """One probe, then two calls at a time, then twice as many each round, up to what it may get."""
    world = World(3)
    since_s = await _backlog(world, _codes(300), 120)
    await world.run_until_done()

    first_s = min(at for at in world.platform.called_s if at >= since_s)
    times = [at for at in world.platform.called_s if at >= since_s]
    for rounds in range(1, 6):
        assert sum(at < first_s + 0.1 * rounds for at in times) <= 2**rounds - 1
    assert 12 <= max(sum(start <= at < start + 0.1 for at in times) for start in times) <= 2 * 16
    await world.crash()


async def test_waiting_lanes_ask_nothing_of_the_store_and_set_no_timers() -> None:
    """With everything parked, ten minutes pass without a read, a write or a try beyond the probes."""
    world = World(4)
    world.shares = replace(_WIDE, circuit_open_max_s=60.0)
    world.limits = WorkerLimits(window_records=1000, fetch_records_max=500)
    world.platform.down = True
    running = world.start()
    for code in _codes(1000):
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(120)
    fetched, wrote, calls = world.parking.fetches, world.parking.puts, world.platform.calls
    await asyncio.sleep(600)

    probes = world.platform.calls - calls
    assert 9 <= probes <= 20
    assert (probes, 2 * probes) >= (world.parking.fetches - fetched, world.parking.puts - wrote)
    assert len(running.dispatch._sleepers._heap) < 20
    await world.crash()
