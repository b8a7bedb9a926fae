"""A process that is halted between the decision to call and the call: what it wakes up to is not its work any more."""

import asyncio

import pytest

from tests.simulation.world import Running, World

DOSSIER = "H56.14-261122-0001"
DEED = (DOSSIER, "portal.state", 1, 0)


async def _halted(world: World, *, parked: bool) -> Running:
    """Return a worker that stands still right before it calls, for a delivery in memory or from the parking place."""
    running = world.start()
    world.platform.down = parked
    await world.submit(DOSSIER, 1, "portal.state")
    running.life.halts_at_call = not parked
    await asyncio.sleep(3)
    world.platform.down = False
    running.life.halts_at_call = running.life.halts_at_call or parked
    for _ in range(100):
        if running.life.halted:
            return running
        await asyncio.sleep(0.1)
    raise AssertionError("no call was decided on")


@pytest.mark.parametrize("parked", [False, True])
async def test_who_wakes_up_without_its_partition_sends_nothing(*, parked: bool) -> None:
    """Its call does not go out, it says nothing of what came of it, and the next owner has delivered once."""
    world = World(21)
    late = await _halted(world, parked=parked)
    calls = world.platform.calls
    await world.evict(late)
    world.start()
    await asyncio.sleep(10)
    assert ([DEED], calls + 1) == (world.deeds(), world.platform.calls)
    told = await world.outcomes()

    late.life.wake()
    await asyncio.sleep(10)
    assert ([DEED], calls + 1, told) == (world.deeds(), world.platform.calls, await world.outcomes())
    await world.kill(late)
    await world.run_until_done()
    await world.crash()


@pytest.mark.parametrize("parked", [False, True])
async def test_who_wakes_up_while_nobody_has_taken_over_sends_nothing_either(*, parked: bool) -> None:
    """What it meant to do is done by the next owner, whenever there is one."""
    world = World(22)
    late = await _halted(world, parked=parked)
    calls, told = world.platform.calls, await world.outcomes()
    await world.evict(late)
    late.life.wake()
    await asyncio.sleep(10)
    assert ([], calls, told) == (world.deeds(), world.platform.calls, await world.outcomes())

    await world.kill(late)
    world.start()
    await world.run_until_done()
    assert ([DEED], calls + 1) == (world.deeds(), world.platform.calls)
    await world.crash()


async def test_who_wakes_up_and_still_owns_its_partition_goes_on() -> None:
    """A halt alone changes nothing."""
    world = World(23)
    late = await _halted(world, parked=False)
    await asyncio.sleep(10)
    late.life.wake()

    await world.run_until_done()
    assert ([DEED], 1, 0) == (world.deeds(), world.platform.calls, world.platform.inquiries)
    await world.crash()
