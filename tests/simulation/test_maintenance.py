"""Maintenance: within its window nobody calls a platform, and afterwards everything arrives."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time

import structlog.testing

from hub.pipeline.windows import Closures, Dated, Weekly
from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 31)]
# The simulation begins on Sunday, 2026-11-22 08:00 in Vietnam.
_BEGINS_S, _ENDS_S = 60.0, 360.0
SUNDAY = Closures(weekly=[Weekly(frozenset({6}), time(8, 1), time(8, 6))])


async def _traffic(world: World) -> None:
    for number, code in enumerate(DOSSIERS):
        await asyncio.sleep(max(0.0, 12.0 * number - world.clock.monotonic()))
        await world.submit(code, 1, "portal.state")


async def test_nobody_calls_within_a_window_and_everything_arrives_after_it() -> None:
    """Neither tries nor probes, no circuit opens, and the backlog goes oldest first when the window ends."""
    world = World(1)
    world.shares = replace(world.shares, closures=SUNDAY)
    with structlog.testing.capture_logs() as lines:
        world.start()
        await _traffic(world)
        await asyncio.sleep(_ENDS_S - world.clock.monotonic() - 1)
        assert not [at for at in world.platform.called_s if _BEGINS_S <= at]
        await world.run_until_done()

    assert 5 == sum(at < _BEGINS_S for at in world.platform.called_s)
    assert not [at for at in world.platform.called_s if _BEGINS_S <= at < _ENDS_S]
    assert min(at for at in world.platform.called_s if at >= _ENDS_S) < _ENDS_S + 1
    places = [DOSSIERS.index(deed[0]) for deed in world.platform.effects]
    assert max(abs(place - at) for at, place in enumerate(places)) <= 4 + 1
    assert not any(line["event"] == "circuit_opened" for line in lines)
    await world.crash()


async def test_a_platform_that_was_down_before_its_window_is_probed_after_it() -> None:
    """An open circuit waits for the end of the window, too; a restart within it changes nothing."""
    world = World(2)
    once = Dated(datetime(2026, 11, 22, 1, 1, tzinfo=UTC), datetime(2026, 11, 22, 1, 6, tzinfo=UTC))
    world.shares = replace(world.shares, closures=Closures(dated=[once]))
    world.platform.down = True
    running = world.start()
    for code in DOSSIERS:
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(150)
    await world.kill(running)
    world.start()
    await asyncio.sleep(100)
    world.platform.down = False
    await world.run_until_done(300)

    assert not [at for at in world.platform.called_s if _BEGINS_S <= at < _ENDS_S]
    await world.crash()
