"""The broker is away for a while: nobody knows whose the partitions are, so nobody calls, and nothing piles up."""

import asyncio
from dataclasses import replace

import structlog.testing

from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 61)]


async def _backlog(world: World) -> None:
    for revision in (1, 2, 3):
        for code in DOSSIERS:
            await world.submit(code, revision)


async def _in_mid_backlog(world: World) -> int:
    """Let some of it be delivered, send the broker away, and return how many calls there were once all was quiet."""
    await world.first_effect()
    await asyncio.sleep(0.3)
    world.weather.broker_away = True
    await asyncio.sleep(1)
    assert 0 == world.platform.under_way
    return world.platform.calls


async def test_ownership_that_is_uncertain_for_long_and_then_kept() -> None:
    """For 90 s nobody is called and little is logged; then it goes on by itself, and nothing is done twice."""
    world = World(1)
    await _backlog(world)
    running = world.start()
    calls = await _in_mid_backlog(world)
    with structlog.testing.capture_logs() as lines:
        for _ in range(90):
            await asyncio.sleep(1)
            world.check_memory()
            assert (
                sum(share.hot for share in running.dispatch._shares.opened.values())
                <= 2 * 2 * world.limits.window_records
            )
    assert (calls, 0) == (world.platform.calls, world.platform.under_way)
    assert len(lines) < 200
    assert 0 < len(world.deeds()) < 2 * 3 * len(DOSSIERS)

    world.weather.broker_away = False
    since_s = world.clock.monotonic()
    await asyncio.sleep(6)
    assert calls < world.platform.calls
    await world.run_until_done()
    assert world.clock.monotonic() - since_s < 60
    assert running in world.running
    assert len(world.deeds()) == len(set(world.deeds()))
    await world.crash()


async def test_what_comes_due_meanwhile_waits_without_a_word() -> None:
    """Parked deliveries are not tried, not read from the store again and again, and not complained about."""
    world = World(5)
    world.uncatalogued = frozenset(DOSSIERS)
    for code in DOSSIERS:
        await world.submit(code, 1, "portal.state")
    world.start()
    await asyncio.sleep(20)
    with structlog.testing.capture_logs() as lines:
        world.weather.broker_away = True
        await asyncio.sleep(90)
    assert 2 == sum(line["event"] == "ownership_uncertain" for line in lines)
    assert len(lines) < 50

    world.uncatalogued = frozenset()
    world.weather.broker_away = False
    await world.run_until_done(30)
    assert len(DOSSIERS) == len(world.deeds())
    await world.crash()


async def test_ownership_that_is_uncertain_for_long_and_then_lost() -> None:
    """The partitions go to others: the first worker lets go within its time, broker or not, and says nothing more."""
    world = World(2)
    await _backlog(world)
    first = world.start()
    calls = await _in_mid_backlog(world)
    await asyncio.sleep(90)
    second = world.start()
    await asyncio.sleep(world.limits.drain_s + 3)
    assert second.worker.committed()
    assert calls == world.platform.calls

    world.weather.broker_away = False
    await world.run_until_done()
    assert [first, second] == world.running
    states = [deed for deed in world.deeds() if deed[1] == "portal.state"]
    assert len(states) == len(set(states))
    await world.crash()


async def test_a_stop_ends_in_time_without_a_broker() -> None:
    """SIGTERM while the broker is away: calls under way get their time, the rest is left to the next owner."""
    world = World(3)
    world.platform.call_s = (4.0, 4.0)
    world.limits = replace(world.limits, drain_s=5.0)
    await _backlog(world)
    running = world.start()
    await asyncio.sleep(2)
    world.weather.broker_away = True
    since_s = world.clock.monotonic()
    await world.stop(running)
    assert world.clock.monotonic() - since_s < 5.0 + 7.0

    await world.kill_member(running)
    world.weather.broker_away = False
    world.platform.call_s = (0.01, 0.1)
    world.start()
    await world.run_until_done()
    states = [deed for deed in world.deeds() if deed[1] == "portal.state"]
    assert len(states) == len(set(states))
    await world.crash()


async def test_a_late_answer_is_not_the_last_word() -> None:
    """A call of the first owner ends long after the partition went; what it came to is the next one's to say."""
    world = World(4)
    world.limits = replace(world.limits, drain_s=1.0)
    world.platform.call_s = (20.0, 20.0)
    codes = [code for code in DOSSIERS if world.log.partition_of("hub.commands", code.encode()) == 1][:1]
    await world.submit(codes[0], 1, "portal.state")
    world.start()
    await asyncio.sleep(12)
    assert 1 == len(world.deeds())
    world.start()
    await asyncio.sleep(30)

    outcomes = [outcome.step for outcome in await world.outcomes()]
    assert ["inquire"] == outcomes
    await world.run_until_done()
    await world.crash()
