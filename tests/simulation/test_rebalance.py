"""Two workers share the partitions of one log: what one lets go of, the other goes on with."""

import asyncio
from dataclasses import replace

import pytest

from tests.simulation.platform import Faults
from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 21)]

MANY = [f"H56.14-261122-{number:04d}" for number in range(100, 300)]
MOVING = 1
"""The partition that the first worker gives away when a second one joins."""


async def _submit(world: World, revision: int, count: int = len(DOSSIERS)) -> None:
    for code in DOSSIERS[:count]:
        await world.submit(code, revision)


@pytest.mark.parametrize("seed", range(8))
async def test_workers_that_come_and_go_during_traffic_lose_nothing(seed: int) -> None:
    """The first worker stays while others join, leave in good order, or die."""
    world = World(seed, Faults(refused=0.05, lost_before=0.05, lost_after=0.05, slow=0.05), parts=2)
    first = world.start()
    for revision in range(1, 7):
        await _submit(world, revision, 10)
        other = world.start()
        await asyncio.sleep(world.random.uniform(0.01, 2.0))
        await (world.kill(other) if revision % 2 else world.stop(other))
        await asyncio.sleep(world.random.uniform(0.01, 2.0))

    assert first in world.running
    await world.run_until_done()
    await world.crash()


async def test_a_partition_that_goes_while_nothing_can_be_parked_leaves_every_runner_free() -> None:
    """Whoever waited for a row to be written stops waiting, and works for what is left."""
    world = World(11)
    codes = [code for code in DOSSIERS if world.log.partition_of("hub.commands", code.encode()) == MOVING]
    world.platform.down = True
    for code in codes:
        await world.submit(code, 1)
    first = world.start()
    await asyncio.sleep(20)
    world.weather.parking_down = True
    for code in codes:
        await world.submit(code, 2)
    await asyncio.sleep(40)
    second = world.start()
    await asyncio.sleep(40)
    world.weather.parking_down = world.platform.down = False
    await world.stop(second)

    await world.run_until_done(100)
    assert [first] == world.running
    await world.crash()


async def test_a_write_that_comes_too_late_harms_only_its_own_ownership() -> None:
    """The partition went and came back while a sweep was under way: the new ownership goes on."""
    world = World(14)
    world.limits = replace(world.limits, sweep_every_s=5.0)
    world.weather.sweep_s = 4.0
    await _submit(world, 1)
    first = world.start()
    await asyncio.sleep(5.2)
    second = world.start()
    await asyncio.sleep(1.0)
    await world.stop(second)
    await asyncio.sleep(12.0)

    await _submit(world, 2)
    await world.run_until_done(100)
    assert [first] == world.running
    await world.crash()


async def test_what_goes_with_a_partition_no_longer_counts_as_memory() -> None:
    """The part of memory of a platform is free again when its deliveries are somebody else's."""
    world = World(12)
    world.platform.call_s = (0.8, 0.8)
    first = world.start()
    await _submit(world, 1)
    await asyncio.sleep(0.5)
    before = sum(share.hot for share in first.dispatch._shares.opened.values())

    world.start()
    await asyncio.sleep(0.5)
    world.check_memory()
    assert sum(share.hot for share in first.dispatch._shares.opened.values()) < before
    await world.run_until_done()
    await world.crash()


async def test_lanes_that_are_gone_do_not_keep_a_platform_waiting() -> None:
    """After an outage what is left is tried at once, however many lanes went away before."""
    world = World(13)
    world.shares = replace(world.shares, circuit_open_max_s=2.0)
    world.platform.down = True
    gone = [code for code in MANY if world.log.partition_of("hub.commands", code.encode()) == MOVING]
    staying = DOSSIERS[1]
    for code in gone:
        await world.submit(code, 1, "portal.state")
    world.start()
    await asyncio.sleep(30)
    await world.submit(staying, 1, "portal.state")
    await asyncio.sleep(1)
    world.start()
    await asyncio.sleep(10)

    world.platform.down = False
    since_s = world.clock.monotonic()
    await world.run_until_done()
    assert world.platform.acted_s[staying, "portal.state", 1, 0] - since_s < 5
    await world.crash()
