"""What the hub stands on fails for a while: stores, keys, log. Nothing dies of it and nothing happens twice."""

import asyncio

from schemas.delivery import DeliveryState
from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 9)]


async def _submitted(seed: int) -> World:
    world = World(seed)
    for revision in (1, 2, 3):
        for code in DOSSIERS:
            await world.submit(code, revision)
    return world


async def test_a_key_store_that_fails_for_a_while_kills_no_message() -> None:
    """Whether the key is gone or only out of reach is told apart: nobody is dead afterwards."""
    world = await _submitted(1)
    world.weather.keys_down = True
    world.start()
    await asyncio.sleep(20)
    assert [] == world.deeds()

    world.weather.keys_down = False
    await world.run_until_done()
    assert not any(DeliveryState.DEAD in states for states in (await world.states()).values())
    await world.crash()
