"""Delivery in virtual time: seeded faults, crashes at any moment, and the platform's ledger at the end."""

import asyncio

import pytest

from schemas.delivery import DeliveryState
from tests.simulation.platform import Faults
from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 9)]
REVISIONS = range(1, 5)
EVERYTHING = Faults(refused=0.1, lost_before=0.1, lost_after=0.1, slow=0.05)


async def _submitted(seed: int, faults: Faults, parts: int = 1) -> World:
    world = World(seed, faults, parts=parts)
    for revision in REVISIONS:
        for code in DOSSIERS:
            await world.submit(code, revision)
    return world


def _revisions(world: World, code: str, operation: str = "portal.state") -> list[int]:
    return [revision for at, what, revision, _ in world.platform.effects if (at, what) == (code, operation)]


async def test_without_faults_each_effect_happens_once_and_nothing_is_parked() -> None:
    """The plain path touches neither the parking place nor the inquiry."""
    world = await _submitted(1, Faults())
    world.start()
    await world.run_until_done()

    assert 2 * len(DOSSIERS) * len(REVISIONS) == world.platform.calls == len(world.platform.effects)
    assert world.platform.inquiries == 0
    await world.crash()


@pytest.mark.parametrize("seed", range(24))
async def test_faults_and_crashes_neither_lose_nor_double_nor_reorder(seed: int) -> None:
    """Refusals, lost replies, slow calls, doubtful writes and kills: each state once, each lane in order."""
    world = await _submitted(seed, EVERYTHING, parts=1 + seed % 3)
    world.weather.doubtful = 0.05
    for _ in range(8):
        running = world.start()
        await asyncio.sleep(world.random.uniform(0.05, 3.0))
        world.raise_failures()
        await world.kill(running)
    world.start()
    await world.run_until_done()

    await world.crash()


async def test_an_outage_parks_everything_and_costs_few_calls() -> None:
    """While the platform is down only probes are made; when it is back, all is delivered in order."""
    world = await _submitted(3, Faults())
    world.platform.down = True
    world.start()
    await asyncio.sleep(60)
    during = world.platform.calls
    assert world.platform.effects == []
    assert during < 40

    world.platform.down = False
    await world.run_until_done()
    await world.crash()


async def test_a_dead_letter_holds_its_own_lane_only() -> None:
    """The refused state and what follows it in its dossier wait for a person; other dossiers go on."""
    world = World(5)
    for revision in REVISIONS:
        await world.submit(DOSSIERS[0], revision, "portal.state")
    await world.submit(DOSSIERS[1], 7, "portal.state")
    world.platform.refuses = frozenset({2})
    world.start()
    await asyncio.sleep(30)

    assert [1] == _revisions(world, DOSSIERS[0])
    assert [7] == _revisions(world, DOSSIERS[1])
    await world.crash()

    world.platform.refuses = frozenset()
    world.start()
    await asyncio.sleep(30)
    assert [1] == _revisions(world, DOSSIERS[0])
    await world.crash()


async def test_a_slow_call_does_not_hold_the_gate() -> None:
    """A call of many seconds is written down after one, so that the offset moves on without it."""
    world = World(6)
    world.platform.call_s = (6.0, 6.0)
    await world.submit(DOSSIERS[0], 1, "portal.state")
    running = world.start()
    await asyncio.sleep(2.0)

    assert 1 == world.platform.under_way
    assert 0 == sum(unfinished for _, unfinished in running.worker.committed().values())
    await world.run_until_done()
    await world.crash()


async def test_a_graceful_stop_in_mid_backlog_doubles_nothing() -> None:
    """Calls under way may end and what is finished is committed; the next worker goes on from there."""
    world = await _submitted(8, Faults())
    running = world.start()
    await asyncio.sleep(0.3)
    await world.stop(running)
    assert 0 < len(world.platform.effects) < 2 * len(DOSSIERS) * len(REVISIONS)

    world.start()
    await world.run_until_done()
    assert len(world.platform.effects) == len(set(world.platform.effects))
    await world.crash()


@pytest.mark.parametrize("seed", range(6))
async def test_a_graceful_stop_in_mid_recovery_leaves_nothing_in_doubt(seed: int) -> None:
    """What was parked in an outage is being worked off when the stop comes: no row says that a call was under way."""
    world = await _submitted(seed, Faults())
    world.platform.down = True
    running = world.start()
    await asyncio.sleep(20)
    world.platform.down = False
    await world.first_effect()
    await asyncio.sleep(world.random.uniform(0.0, 0.5))
    await world.stop(running)

    assert world.parking.rows
    assert DeliveryState.IN_FLIGHT not in {row.state for row in world.parking._rows.values()}
    world.start()
    await world.run_until_done()
    assert len(world.platform.effects) == len(set(world.platform.effects))
    await world.crash()
