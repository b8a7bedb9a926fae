"""What fails by itself is given up where the installation says so; what fails with its platform never is."""

import asyncio
from itertools import pairwise

import structlog.testing

from hub.pipeline.decide import EXHAUSTED, Backoff, Patience
from schemas.delivery import DeliveryState, OutcomeHeader
from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 9)]
STRANGE = DOSSIERS[0]


async def _strange(world: World) -> list[OutcomeHeader]:
    return [outcome for outcome in await world.outcomes() if outcome.ordering_key == STRANGE]


async def _traffic(world: World, seconds: int) -> None:
    """Let another dossier's state arrive every second."""
    for revision in range(1, seconds + 1):
        await world.submit(DOSSIERS[1], revision, "portal.state")
        await asyncio.sleep(1)


async def test_what_certainly_did_not_arrive_dies_of_its_own_failures() -> None:
    """Three failures while others get through make it dead, and its lane holds; the others never notice."""
    world = World(1)
    world.gives_up = Patience(attempts_max=3)
    world.platform.shunned = frozenset({STRANGE})
    for revision in (1, 2):
        await world.submit(STRANGE, revision, "portal.state")
    running = world.start()
    await _traffic(world, 60)

    told = await _strange(world)
    assert (DeliveryState.DEAD, EXHAUSTED, f"{STRANGE}/1") == (told[-1].state, told[-1].code, told[-1].message_id)
    assert 4 <= len(told) - 1 <= 10
    assert 60 == len(world.platform.effects)

    await world.kill(running)
    world.platform.shunned = frozenset()
    world.start()
    await asyncio.sleep(30)
    assert len(told) == len(await _strange(world))
    await world.crash()


async def test_what_may_have_arrived_is_left_to_a_person() -> None:
    """The doubt stays, no try follows, and a restart changes nothing about that."""
    world = World(2)
    world.gives_up = Patience(attempts_max=2)
    world.platform.poisoned = frozenset({STRANGE})
    await world.submit(STRANGE, 1, "portal.state")
    running = world.start()
    await _traffic(world, 60)

    told = await _strange(world)
    assert (DeliveryState.IN_DOUBT, EXHAUSTED, None) == (told[-1].state, told[-1].code, told[-1].next_try_at)
    await world.kill(running)
    world.start()
    await asyncio.sleep(60)
    assert len(told) == len(await _strange(world))
    await world.crash()


async def test_age_ends_it_only_while_others_get_through() -> None:
    """An outage that is longer than the greatest age costs nothing: the first try after it decides."""
    world = World(3)
    world.gives_up = Patience(attempts_max=1, age_max_s=60)
    world.platform.down = True
    for code in DOSSIERS:
        await world.submit(code, 1, "portal.state")
    world.start()
    await asyncio.sleep(600)

    world.platform.down = False
    await world.run_until_done()
    await world.crash()


async def test_outages_that_come_again_and_again_use_nothing_up() -> None:
    """Ten outages, then a rotated password: what waited through all of them arrives."""
    world = World(4)
    world.gives_up = Patience(attempts_max=1)
    world.backoff = Backoff(first_s=0.5, max_s=8)
    world.start()
    for round_, _ in enumerate(pairwise(range(11)), 1):
        world.platform.down = True
        for code in DOSSIERS:
            await world.submit(code, round_, "portal.state")
        await asyncio.sleep(20)
        world.platform.down = False
        await asyncio.sleep(1)
    world.platform.locked_out = True
    for code in DOSSIERS:
        await world.submit(code, 11, "portal.state")
    with structlog.testing.capture_logs():
        await asyncio.sleep(600)
    world.platform.locked_out = False

    await world.run_until_done()
    assert 88 == len(world.platform.effects)
    await world.crash()
