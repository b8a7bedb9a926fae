"""Delivery in virtual time: seeded faults, crashes at any moment, and the platform's ledger at the end."""

import asyncio

import pytest

from tests.simulation.world import Faults, World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 9)]
REVISIONS = range(1, 5)
EVERYTHING = Faults(refused=0.1, lost_before=0.1, lost_after=0.1, slow=0.05)


async def _submitted(seed: int, faults: Faults) -> World:
    world = World(seed, faults)
    for revision in REVISIONS:
        for code in DOSSIERS:
            await world.submit(code, revision)
    return world


def _revisions(world: World, code: str, verb: str) -> list[int]:
    return [revision for at, what, revision in world.platform.effects if (at, what) == (code, verb)]


def _without_repeats(revisions: list[int]) -> list[int]:
    return [at for index, at in enumerate(revisions) if index == 0 or revisions[index - 1] != at]


def _assert_clean(world: World) -> None:
    for code in DOSSIERS:
        assert list(REVISIONS) == _revisions(world, code, "state")
        assert list(REVISIONS) == _without_repeats(_revisions(world, code, "steps"))
        order = [at for at, _, _ in world.platform.effects if at == code]
        assert len(order) >= 2 * len(REVISIONS)


async def test_without_faults_each_effect_happens_once_and_nothing_is_parked() -> None:
    """The plain path touches neither the parking place nor the inquiry."""
    world = await _submitted(1, Faults())
    world.start()
    await world.run_until_done(2 * len(DOSSIERS) * len(REVISIONS))

    _assert_clean(world)
    assert 2 * len(DOSSIERS) * len(REVISIONS) == world.platform.calls
    assert world.platform.inquiries == 0
    await world.crash()


@pytest.mark.parametrize("seed", range(40))
async def test_faults_and_crashes_neither_lose_nor_double_nor_reorder(seed: int) -> None:
    """Refusals, lost replies, slow calls and kills at random moments: the platform sees each state once, in order."""
    world = await _submitted(seed, EVERYTHING)
    for _ in range(6):
        world.start()
        await world.clock.advance(world.random.uniform(0.05, 3.0))
        await world.crash()
    world.start()
    await world.run_until_done(2 * len(DOSSIERS) * len(REVISIONS))

    _assert_clean(world)
    await world.crash()


async def test_an_outage_parks_everything_and_costs_few_calls() -> None:
    """While the platform is down only probes are made; when it is back, all is delivered in order."""
    world = await _submitted(3, Faults())
    world.platform.down = True
    world.start()
    await world.clock.advance(60)
    during = world.platform.calls
    assert world.platform.effects == []
    assert during < 40

    world.platform.down = False
    await world.run_until_done(2 * len(DOSSIERS) * len(REVISIONS))
    _assert_clean(world)
    await world.crash()


async def test_a_dead_letter_holds_its_own_lane_only() -> None:
    """The refused state and what follows it in its dossier wait for a person; other dossiers go on."""
    world = World(5, Faults())
    for revision in REVISIONS:
        await world.submit(DOSSIERS[0], revision)
    await world.submit(DOSSIERS[1], 7)
    world.platform.refuses = frozenset({2})
    world.start()
    await world.clock.advance(30)

    assert [1] == _revisions(world, DOSSIERS[0], "state")
    assert [7] == _revisions(world, DOSSIERS[1], "state")
    await world.crash()

    world.platform.refuses = frozenset()
    world.start()
    await world.clock.advance(30)
    assert [1] == _revisions(world, DOSSIERS[0], "state")
    await world.crash()


async def test_a_slow_call_does_not_hold_the_gate() -> None:
    """A call of many seconds is written down after one, so that the offset moves on without it."""
    world = World(6, Faults())
    world.platform.faults = Faults(slow=1.0)
    await world.submit(DOSSIERS[0], 1)
    world.start()
    await world.clock.advance(2.0)
    assert world.worker is not None

    unfinished = sum(pieces for _, pieces in world.worker.committed().values())
    assert unfinished == 0
    await world.run_until_done(2)
    await world.crash()


async def test_a_graceful_stop_leaves_nothing_in_doubt() -> None:
    """After a stop the next worker makes no inquiry, for every call had ended."""
    world = await _submitted(8, Faults())
    world.start()
    await world.clock.advance(0.3)
    assert world.worker is not None
    await world.worker.stop()
    await world.clock.advance(15)
    await asyncio.sleep(0)

    world.start()
    await world.run_until_done(2 * len(DOSSIERS) * len(REVISIONS))
    _assert_clean(world)
    assert _doubles(world) == 0
    await world.crash()


def _doubles(world: World) -> int:
    return len(world.platform.effects) - len(set(world.platform.effects))
