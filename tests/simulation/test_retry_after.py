"""A platform that asks to be left alone is left alone, by everybody, and no longer than is allowed."""

import asyncio

import structlog.testing

from tests.simulation.world import World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 13)]


async def _asked(world: World, wait_s: int) -> float:
    """Let a platform that works ask to be left alone; return when its last call began."""
    world.start()
    for code in DOSSIERS[:6]:
        await world.submit(code, 1, "portal.state")
    await asyncio.sleep(5)
    world.platform.pleads_s = wait_s
    for code in DOSSIERS:
        await world.submit(code, 2, "portal.state")
    await asyncio.sleep(1)
    world.platform.pleads_s = None
    return world.platform.called_s[-1]


async def test_nobody_calls_until_the_time_is_over() -> None:
    """One answer 429 or 503 with Retry-After speaks for the platform: no probe before, then all is delivered."""
    world = World(1)
    with structlog.testing.capture_logs() as lines:
        last_s = await _asked(world, 120)
        assert 6 + 4 >= len(world.platform.called_s)
        await world.run_until_done()

    later = [at for at in world.platform.called_s if at > last_s]
    assert 120 <= later[0] - last_s < 121
    assert 1 == sum(line["event"] == "circuit_opened" for line in lines)
    await world.crash()


async def test_calls_that_were_under_way_do_not_end_the_wait() -> None:
    """What was on its way when the platform asked arrives, and the platform is left alone all the same."""
    world = World(2)
    world.platform.call_s = (2.0, 2.0)
    world.start()
    await world.submit(DOSSIERS[0], 1, "portal.state")
    await asyncio.sleep(0.5)
    world.platform.pleads_s = 60
    await world.submit(DOSSIERS[1], 1, "portal.state")
    await asyncio.sleep(0.5)
    world.platform.pleads_s = None
    asked_s = world.platform.called_s[-1]
    await world.run_until_done()

    assert 60 <= world.platform.called_s[2] - asked_s < 61
    await world.crash()


async def test_a_wait_is_bounded() -> None:
    """Who asks for a week gets what the installation allows, and who asks for nothing a second."""
    world = World(3)
    world.leaves_alone_s = 300.0
    last_s = await _asked(world, 7 * 86400)
    await world.run_until_done(400)
    assert 300 <= min(at for at in world.platform.called_s if at > last_s) - last_s < 301
    await world.crash()

    world = World(4)
    last_s = await _asked(world, 0)
    await world.run_until_done()
    assert len([at for at in world.platform.called_s if at <= last_s]) < 6 + 12
    await world.crash()
