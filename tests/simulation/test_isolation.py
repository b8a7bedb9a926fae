"""A platform that is slow or down slows nothing else, though all share partitions and their windows."""

import asyncio
from dataclasses import replace

import pytest

from hub.delivery.admission.shares import ShareLimits
from hub.delivery.worker import WorkerLimits
from tests.simulation.world import World

TRAFFIC_S = 60.0
EVERY_S = 0.1


async def _mixed_traffic(world: World) -> dict[str, float]:
    """Submit ten messages a second, three of ten to the portal; return when each of the ministry's was submitted."""
    submitted_s: dict[str, float] = {}
    for number in range(int(TRAFFIC_S / EVERY_S)):
        code = f"H56.14-261122-{number:04d}"
        if number % 10 < 3:
            await world.submit(code, 1, "portal.state")
        else:
            submitted_s[code] = world.clock.monotonic()
            await world.submit(code, 1, "ministry.state")
        await asyncio.sleep(EVERY_S)
    return submitted_s


@pytest.mark.parametrize(("call_s", "concurrency"), [((8.0, 12.0), 20), ((0.7, 0.9), 2), ((0.2, 3.0), 4)])
async def test_an_overloaded_platform_does_not_hold_the_others_back(
    call_s: tuple[float, float], concurrency: int
) -> None:
    """Whatever waits for a runner of the slow platform leaves the window to the others."""
    world = World(1)
    ministry = world.add_platform("ministry")
    world.platform.call_s = call_s
    world.shares = replace(world.shares, concurrency_max=concurrency, hot_max=1000)
    world.limits = replace(world.limits, window_records=50)
    world.start()
    submitted_s = await _mixed_traffic(world)
    await asyncio.sleep(2)

    slowest_s = max(ministry.acted_s[code, "ministry.state", 1, 0] - since_s for code, since_s in submitted_s.items())
    assert slowest_s < 1.5
    await world.crash()


async def test_what_waits_for_a_slow_platform_does_not_hold_the_gate() -> None:
    """Calls of many seconds that begin evenly: the offset moves on without those that wait for a runner."""
    world = World(2)
    world.platform.call_s = (8.0, 12.0)
    world.shares = replace(world.shares, concurrency_max=60, hot_max=1000)
    world.limits = replace(world.limits, window_records=100)
    running = world.start()
    for number in range(400):
        await world.submit(f"H56.14-261122-{number:04d}", 1, "portal.state")
        await asyncio.sleep(0.1)

    unfinished = sum(unfinished for _, unfinished in running.worker.committed().values())
    assert unfinished < 30
    await world.crash()


async def test_a_busy_platform_alone_goes_without_the_store() -> None:
    """A backlog that nobody else waits behind is worked off from memory."""
    world = World(3)
    world.platform.call_s = (0.3, 0.5)
    world.shares = replace(world.shares, hot_max=1000)
    world.limits = replace(world.limits, window_records=50)
    for number in range(200):
        await world.submit(f"H56.14-261122-{number:04d}", 1, "portal.state")
    world.start()
    for _ in range(60):
        assert 0 == world.parking.rows
        await asyncio.sleep(0.25)
    await world.run_until_done()
    await world.crash()


RATE = 300
STATED_S = 12.0


async def _latencies(seed: int, *, troubled: bool) -> tuple[float, World]:
    """Play 300 messages a second: 30 % to the portal, 10 % to a registry, the rest to a ministry.

    Return the ministry's p99 from the record in the log to the effect, and the world. `troubled`: the portal takes
    10 s for a call, and the registry is down.
    """
    world = World(seed)
    ministry, registry = world.add_platform("ministry"), world.add_platform("registry")
    world.shares, world.limits = ShareLimits(), WorkerLimits()
    if troubled:
        world.platform.call_s, registry.down = (10.0, 10.0), True
    world.start()
    submitted_s: dict[str, float] = {}
    for number in range(int(RATE * STATED_S)):
        code = f"H56.14-261122-{number:05d}"
        name = ("portal", "portal", "portal", "registry")[number % 10] if number % 10 < 4 else "ministry"
        submitted_s[code] = world.clock.monotonic()
        await world.submit(code, 1, f"{name}.state")
        await asyncio.sleep(1 / RATE)
    await asyncio.sleep(2)
    took_s = sorted(acted_s - submitted_s[deed[0]] for deed, acted_s in ministry.acted_s.items())
    assert int(RATE * STATED_S * 0.6) == len(took_s)
    return took_s[len(took_s) * 99 // 100], world


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_slow_platform_and_a_dead_one_cost_the_healthy_ones_nothing(seed: int) -> None:
    """At 300 messages a second, 30 % of them to a platform of 10 s a call: p99 is within 1.5 of a quiet run."""
    quiet_s, quiet = await _latencies(seed, troubled=False)
    await quiet.crash()
    troubled_s, troubled = await _latencies(seed, troubled=True)

    assert troubled_s <= 1.5 * quiet_s
    assert troubled.parking.rows > RATE
    await troubled.crash()
