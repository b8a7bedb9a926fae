"""A lane keeps its order through crashes, wherever its deliveries lie at that moment."""

import asyncio
from dataclasses import replace

import pytest

from tests.simulation.world import World

DOSSIER = "H56.14-261122-0001"
OTHERS = [f"H56.14-261122-{number:04d}" for number in range(2, 12)]


async def _in_call(world: World) -> None:
    """Begin a call that lasts 0.9 s, too short to be written down."""
    world.platform.call_s = (0.9, 0.9)
    await asyncio.sleep(1)
    await world.submit(DOSSIER, 1, "portal.state")
    await asyncio.sleep(0.1)
    assert 1 == world.platform.under_way


@pytest.mark.parametrize("die_after_s", [0.1, 0.6])
async def test_what_arrives_during_a_call_with_an_open_circuit_comes_after_it(die_after_s: float) -> None:
    """The process dies while the first state is under way, and the second lies in the parking place."""
    world = World(1)
    running = world.start()
    await _in_call(world)
    world.platform.locked_out = True
    await world.submit(OTHERS[0], 1, "portal.state")
    await asyncio.sleep(0.1)
    await world.submit(DOSSIER, 2, "portal.state")
    await asyncio.sleep(die_after_s)
    await world.kill(running)

    world.platform.locked_out = False
    world.start()
    await world.run_until_done()
    await world.crash()


@pytest.mark.parametrize("die_after_s", [0.1, 0.6])
async def test_what_arrives_during_a_call_past_the_share_of_memory_comes_after_it(die_after_s: float) -> None:
    """The same, where the second state lies there because the memory of its platform is used up."""
    world = World(2)
    world.shares = replace(world.shares, concurrency_max=1, hot_max=2)
    running = world.start()
    await _in_call(world)
    for code in OTHERS[:4]:
        await world.submit(code, 1, "portal.state")
    await world.submit(DOSSIER, 2, "portal.state")
    await asyncio.sleep(die_after_s)
    await world.kill(running)

    world.start()
    await world.run_until_done()
    await world.crash()
