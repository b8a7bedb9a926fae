"""What the hub stands on fails for a while: stores, keys, log. Nothing dies of it and nothing happens twice."""

import asyncio

from hub.ports import Reply
from schemas.delivery import DeliveryState
from tests.fakes.parking import MemoryParking
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


async def test_a_puzzling_answer_that_cannot_be_sealed_is_not_forgotten() -> None:
    """What the platform said is written down when the keys are back, and the doubt rule follows: no second send."""
    world = World(2)
    world.platform.puzzling = frozenset({1})
    world.platform.call_s = (0.5, 0.5)
    await world.submit(DOSSIERS[0], 1, "portal.state")
    world.start()
    await asyncio.sleep(0.3)
    assert 1 == world.platform.under_way
    world.weather.keys_down = True
    await asyncio.sleep(10)

    world.weather.keys_down = False
    await world.run_until_done()
    assert (1, 1) == (world.platform.calls, world.platform.inquiries)
    assert [[DeliveryState.IN_DOUBT, DeliveryState.DELIVERED]] == list((await world.states()).values())
    await world.crash()


async def test_an_answer_that_no_record_can_hold_is_cut_to_what_one_can() -> None:
    """Codes of any length and halves of characters: the try is recorded all the same, and nothing is sent twice."""
    world = World(3)
    world.platform.puzzling = frozenset({1})
    world.platform.puzzle = Reply(200, "7\ud800" * 4_000_000, "\udfff")
    await world.submit(DOSSIERS[0], 1, "portal.state")
    world.start()
    await world.run_until_done()

    assert (1, 1) == (world.platform.calls, world.platform.inquiries)
    assert [[DeliveryState.IN_DOUBT, DeliveryState.DELIVERED]] == list((await world.states()).values())
    await world.crash()


async def test_a_worker_that_could_not_take_over_falls_and_is_started_again() -> None:
    """A store that fails at the moment of assignment ends the worker, so that the supervisor can start it again."""
    world = await _submitted(4)
    world.weather.store_down = True
    running = world.start()
    await asyncio.sleep(5)
    assert running.task.done()

    world.weather.store_down = False
    world.restart_fallen()
    await world.run_until_done()
    await world.crash()


async def test_a_repeat_that_cannot_be_looked_up_waits_and_keeps_nobody_else_waiting() -> None:
    """Whether a message is in the log already is asked of the store; while that is down, other partitions go on."""
    world = await _submitted(5)
    running = world.start()
    await asyncio.sleep(10)
    world.weather.store_down = True
    await world.submit_again(DOSSIERS[0], 1)
    await asyncio.sleep(1)
    since_s = world.clock.monotonic()
    for code in DOSSIERS:
        await world.submit(code, 4)
    await asyncio.sleep(10)
    elsewhere = [code for code in DOSSIERS if not world.together(code, DOSSIERS[0])]
    assert elsewhere
    assert all(world.platform.acted_s[code, "portal.steps", 4, 0] - since_s < 3 for code in elsewhere)
    assert not running.task.done()

    world.weather.store_down = False
    await world.run_until_done()
    await world.crash()


async def test_a_defect_of_the_parking_place_fells_the_worker_for_all_to_see() -> None:
    """Rows that can never be written would hold the gate for ever without a word; the worker falls instead."""
    world = await _submitted(6)
    world.platform.down = world.weather.parking_broken = True
    running = world.start()
    await asyncio.sleep(10)
    assert running.task.done()

    world.platform.down = world.weather.parking_broken = False
    world.restart_fallen()
    await world.run_until_done()
    await world.crash()


async def test_a_store_that_was_lost_leaves_the_doubt_about_what_was_under_way() -> None:
    """A store that has never seen an owner proves that there was none only while nothing is committed."""
    world = World(7)
    running = world.start()
    await world.submit(DOSSIERS[0], 1, "portal.state")
    await asyncio.sleep(1)
    world.platform.call_s = (0.5, 0.5)
    await world.submit(DOSSIERS[0], 2, "portal.state")
    await asyncio.sleep(0.4)
    await world.kill(running)
    assert 2 == len(world.platform.effects)

    world.parking = MemoryParking()
    world.start()
    await world.run_until_done()
    assert (2, 1) == (world.platform.calls, world.platform.inquiries)
    await world.crash()
