"""The parking place is lost: what it held comes back from the log, and nothing that was withdrawn is sent for it."""

import asyncio

import pytest

from tests.simulation.platform import Faults
from tests.simulation.world import World

DOSSIER = "H56.14-261122-0001"
OTHER = "H56.14-261122-0002"
DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 7)]


async def test_what_was_withdrawn_and_not_yet_said_to_be_is_not_sent() -> None:
    """The withdrawal lay parked when its file was lost; the next owner ends it, for steps that are sent again, too."""
    world = World(31, parts=2)
    world.restores = world.platform.down = True
    for revision in (1, 2, 3):
        await world.submit(DOSSIER, revision)
        await world.submit(OTHER, revision)
    running = world.start()
    await asyncio.sleep(30)
    world.weather.log_refuses = frozenset({"hub.outcomes"})
    await world.withdraw(DOSSIER, 4)
    await asyncio.sleep(10)
    assert set() == await world.withdrawn()
    await world.kill(running)
    world.parking.lose()
    world.weather.log_refuses, world.platform.down = frozenset(), False
    await world.submit(DOSSIER, 5)
    world.start()

    await world.run_until_done()
    assert 18 == world.restored
    assert {5} == {deed[2] for deed in world.deeds() if deed[0] == DOSSIER}
    assert 9 == len(await world.withdrawn())
    await world.crash()


@pytest.mark.parametrize("seed", range(6))
async def test_a_parking_place_that_is_lost_again_and_again_loses_nothing(seed: int) -> None:
    """With withdrawals, crashes and a platform that comes and goes: each delivery is done or withdrawn, in order."""
    world = World(seed, Faults(refused=0.1, lost_before=0.1, lost_after=0.1), parts=1 + seed % 2)
    world.restores = True
    revisions = dict.fromkeys(DOSSIERS, 0)
    for _ in range(15):
        running = world.start()
        for _ in range(4):
            code = world.random.choice(DOSSIERS)
            revisions[code] += 1
            withdrawn = world.random.random() < 0.2
            await (world.withdraw if withdrawn else world.submit)(code, revisions[code])
        world.platform.down = world.random.random() < 0.4
        await asyncio.sleep(world.random.uniform(0.01, 3.0))
        await world.kill(running)
        world.parking.lose()
    world.platform.down = False
    world.start()

    await world.run_until_done()
    assert world.restored
    await world.crash()
