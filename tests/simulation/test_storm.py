"""Everything fails at random, in spells: stores, log, platforms, and the workers that share the partitions."""

import asyncio
from contextlib import suppress

import pytest

from tests.simulation.platform import Faults
from tests.simulation.world import Running, World

DOSSIERS = [f"H56.14-261122-{number:04d}" for number in range(1, 11)]
EVERYTHING = Faults(refused=0.05, lost_before=0.05, lost_after=0.05, slow=0.05)
STEPS = 40


async def _submit(world: World) -> None:
    """Submit now and then, sometimes withdraw a dossier, and sometimes append what is there again."""
    revisions = dict.fromkeys(DOSSIERS, 0)
    for _ in range(60):
        code = world.random.choice(DOSSIERS)
        revisions[code] += 1
        if world.random.random() < 0.05:
            await world.withdraw(code, revisions[code])
        else:
            await world.submit(code, revisions[code])
        if world.random.random() < 0.1:
            await world.submit_again(code, revisions[code])
        await asyncio.sleep(world.random.uniform(0, 1.0))


def _change_weather(world: World) -> None:
    weather, random = world.weather, world.random
    weather.store_down = random.random() < 0.15
    weather.keys_down = random.random() < 0.1
    weather.log_refuses = frozenset({"hub.outcomes"}) if random.random() < 0.1 else frozenset()
    for platform in world.platforms():
        platform.down = random.random() < 0.15
        platform.locked_out = random.random() < 0.1


def _clear(world: World) -> None:
    world.weather.store_down = world.weather.keys_down = False
    world.weather.log_refuses = frozenset()
    for platform in world.platforms():
        platform.down = platform.locked_out = False


async def _end_one(world: World) -> None:
    """Let a worker die, fall and be started again, or stop in good order."""
    running: Running = world.random.choice(world.running)
    match world.random.randrange(3):
        case 0:
            await world.kill(running)
        case 1:
            await world.fell(running)
        case _:
            with suppress(ExceptionGroup):  # it may fall just as it is told to stop: over is over
                await world.stop(running)


@pytest.mark.parametrize("seed", range(30))
async def test_a_storm_passes(seed: int) -> None:
    """When it has passed, everything is delivered once and in order, or withdrawn, and nothing is left behind."""
    world = World(seed, EVERYTHING, parts=1 + seed % 3)
    world.add_platform("ministry").faults = EVERYTHING
    world.weather.doubtful = 0.02
    submitting = asyncio.create_task(_submit(world))
    for _ in range(STEPS):
        while len(world.running) < 1 + seed % 2:
            world.start()
        await asyncio.sleep(world.random.uniform(0.05, 2.0))
        world.restart_fallen()
        world.check_memory()
        if world.random.random() < 0.3:
            _change_weather(world)
        if world.random.random() < 0.3:
            await _end_one(world)
    _clear(world)
    await submitting
    await asyncio.sleep(5)
    world.restart_fallen()
    if not world.running:
        world.start()
    await world.run_until_done()
    await world.crash()
