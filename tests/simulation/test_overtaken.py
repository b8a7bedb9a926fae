"""Revisions that two processes appended in the wrong order: the older one is not sent after the newer one."""

import asyncio

import pytest

from schemas.delivery import DeliveryState
from tests.simulation.platform import Faults
from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 7)]


def _revisions(world: World, code: str) -> list[int]:
    return [deed[2] for deed in world.deeds() if deed[:2] == (code, "portal.state")]


async def test_an_older_revision_behind_a_newer_one_is_not_sent() -> None:
    """It ends as withdrawn, with a code that says why; other dossiers are not concerned."""
    world = World(1)
    await world.overtake(DOSSIERS[0], 1, 3, 2, 4)
    await world.overtake(DOSSIERS[1], 1, 2, 3)
    world.start()
    await world.run_until_done()

    assert [1, 3, 4] == _revisions(world, DOSSIERS[0])
    assert [1, 2, 3] == _revisions(world, DOSSIERS[1])
    ended = [outcome for outcome in await world.outcomes() if outcome.state is DeliveryState.WITHDRAWN]
    assert {"hub.overtaken"} == {outcome.code for outcome in ended}
    assert 0 == world.platform.inquiries
    await world.crash()


async def test_a_restart_between_the_two_changes_nothing() -> None:
    """The newer one was delivered and committed by a worker that is gone; the next one looks back before it begins."""
    world = World(2)
    await world.submit(DOSSIERS[0], 2)
    running = world.start()
    await world.run_until_done()
    await world.kill(running)
    await asyncio.sleep(20)
    await world.overtake(DOSSIERS[0], 1)
    world.forgive(DOSSIERS[0], 1)
    world.start()
    await world.run_until_done()

    assert [2] == _revisions(world, DOSSIERS[0])
    assert ({2}, 0) == ({deed[2] for deed in world.deeds()}, world.platform.inquiries)
    await world.crash()


async def test_what_lies_behind_in_the_parking_place_is_not_sent_either() -> None:
    """The platform is down and the worker dies: the row remembers that it was overtaken."""
    world = World(3)
    world.platform.down = True
    world.weather.log_refuses = frozenset({"hub.outcomes"})
    running = world.start()
    await world.overtake(DOSSIERS[0], 3, 2, 1)
    await asyncio.sleep(10)
    await world.kill(running)
    world.weather.log_refuses = frozenset()
    world.start()
    await asyncio.sleep(100)

    world.platform.down = False
    await world.run_until_done()
    assert [3] == _revisions(world, DOSSIERS[0])
    await world.crash()


async def test_what_lies_far_behind_in_a_long_lane_is_not_sent_either() -> None:
    """Rows are read some at a time; one that was overtaken is found whenever it comes up."""
    world = World(5)
    world.platform.down = True
    world.start()
    await world.overtake(DOSSIERS[0], *range(1, 19), 20, 19)
    await asyncio.sleep(20)
    world.platform.down = False
    await world.run_until_done()

    assert [*range(1, 19), 20] == _revisions(world, DOSSIERS[0])
    await world.crash()


async def test_a_withdrawal_that_was_overtaken_withdraws_nothing() -> None:
    """A newer state was sent before it came into the log: the sender has gone on with the dossier."""
    world = World(4)
    world.platform.down = True
    await world.submit(DOSSIERS[0], 1, "portal.state")
    await world.submit(DOSSIERS[0], 3, "portal.state")
    await world.withdraw(DOSSIERS[0], 2)
    world.start()
    await asyncio.sleep(10)
    assert set() == await world.withdrawn()

    world.platform.down = False
    await world.run_until_done()
    assert [1, 3] == _revisions(world, DOSSIERS[0])
    await world.crash()


@pytest.mark.parametrize("seed", range(6))
async def test_disorder_and_crashes_end_in_order(seed: int) -> None:
    """Whatever order the log has, no platform sees a revision after a newer one, and each delivery has one end."""
    world = World(seed, Faults(refused=0.1, lost_before=0.1, lost_after=0.1), parts=2)
    for code in DOSSIERS:
        revisions = list(range(1, 8))
        for at in range(0, 6, 2):
            if world.random.random() < 0.5:
                revisions[at], revisions[at + 1] = revisions[at + 1], revisions[at]
        await world.overtake(code, *revisions)
    for _ in range(6):
        running = world.start()
        await asyncio.sleep(world.random.uniform(0.05, 2.0))
        world.raise_failures()
        await world.kill(running)
    world.start()
    await world.run_until_done()

    for code in DOSSIERS:
        assert sorted(_revisions(world, code)) == _revisions(world, code)
    await world.crash()
