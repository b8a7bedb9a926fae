"""Defects of an adapter: a message that always meets one is dead in the end, and only then."""

import asyncio

from hub.pipeline.circuit import CircuitState
from schemas.delivery import DeliveryState
from tests.simulation.world import World

DOSSIER = "H56.14-261122-0001"


async def test_one_defect_after_a_long_outage_kills_nobody() -> None:
    """Tries that the platform refused do not count as defects."""
    world = World(1)
    world.platform.down = True
    await world.submit(DOSSIER, 1, "portal.state")
    world.start()
    await asyncio.sleep(120)
    world.platform.defects = 1
    world.platform.down = False

    await world.run_until_done()
    await world.crash()


async def test_a_message_that_always_meets_a_defect_is_dead_and_says_nothing_of_the_platform() -> None:
    """It is given up after some tries; that nobody can send it does not mean that the platform is well."""
    world = World(2)
    world.platform.defects = 1_000_000
    await world.submit(DOSSIER, 1, "portal.state")
    running = world.start()
    for _ in range(600):
        await asyncio.sleep(0.25)
        states = next(iter((await world.states()).values()), [])
        if DeliveryState.DEAD in states:
            break

    assert 5 <= world.platform.calls < 10
    assert DeliveryState.DEAD is states[-1]
    assert CircuitState.CLOSED is not running.dispatch._shares.opened["portal"].circuit.state
    await world.crash()
