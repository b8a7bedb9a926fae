"""A wall clock that was wrong for a while keeps nothing waiting once it is right."""

import asyncio

import pytest

from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 13)]


@pytest.mark.parametrize("ahead_s", [-3600.0, 60.0, 3600.0, 86_400.0])
async def test_what_was_parked_under_a_wrong_clock_goes_on_when_it_is_right(ahead_s: float) -> None:
    """The process that parked it is killed; the next one, whose clock is right, does not wait for the other's times."""
    world = World(1)
    world.clock.ahead_s = ahead_s
    world.platform.down = True
    running = world.start()
    for code in DOSSIERS:
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(5)
    await world.kill(running)

    world.clock.ahead_s = 0.0
    world.platform.down = False
    world.start()
    await world.run_until_done(limit_s=30)
    await world.judge()
    await world.crash()
