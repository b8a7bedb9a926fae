"""The watch over the projections, in virtual time: Faust is a counter here."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import structlog

from hub.errors import Unavailable
from hub.log.memory import MemoryLog
from hub.streams.projector import Projector
from hub.streams.watch import Watch
from hub.telemetry import Metrics
from schemas.topics import AUDIT
from tests.clock import ManualClock
from tests.fakes.projections import MemoryProjection

ROUND_S = 2.0


class World:
    """A log of two partitions, two projections, and nobody who brings them forward but the watch."""

    def __init__(self) -> None:
        self.clock, self.metrics, self.taken = ManualClock(), Metrics(), Counter[str]()
        self.log = MemoryLog({AUDIT: 2}, self.clock)
        self.slow, self.other = MemoryProjection(), MemoryProjection()
        projectors = [Projector(self.log, each, self.clock, self.metrics) for each in (self.slow, self.other)]
        self.watch = Watch(self.log, {AUDIT: projectors}, self.clock, self.metrics, self.taken)
        self.held: set[int] = {0, 1}
        self.task: asyncio.Task[None] | None = None

    async def advance(self, by_s: float) -> None:
        """Let time pass; the first round begins at once."""
        if self.task is None:
            self.task = asyncio.create_task(self.watch.follow(lambda _topic: self.held))
        await self.clock.advance(by_s)

    @property
    def fell(self) -> BaseException | None:
        """What ended the watch, if anything."""
        return self.task.exception() if self.task and self.task.done() else None

    async def append(self, records: int) -> None:
        """Append to both partitions; what they hold is unreadable, and passed over in projecting."""
        for number in range(records):
            await self.log.append(AUDIT, b"%d" % number, b"")

    def positions(self, projection: MemoryProjection) -> list[int]:
        """Return how far it is."""
        return [projection._next.get((AUDIT, partition), 0) for partition in (0, 1)]

    async def ends(self) -> list[int]:
        """Return how far it could be."""
        return [(await self.log.bounds(AUDIT, partition)).end for partition in (0, 1)]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A fresh one."""
    world = World()
    with structlog.testing.capture_logs():
        yield world
        if world.task is not None:
            world.task.cancel()
            await asyncio.gather(world.task, return_exceptions=True)


async def test_what_lies_there_at_the_start_is_projected(world: World) -> None:
    """By every projection, although Faust delivers only what comes later."""
    await world.append(20)
    await world.advance(0)

    assert await world.ends() == world.positions(world.slow) == world.positions(world.other)


async def test_what_faust_forgets_is_projected_a_round_later(world: World) -> None:
    """Not at once: it may just be on its way."""
    await world.advance(ROUND_S / 2)
    await world.append(20)
    await world.advance(ROUND_S)
    assert [0, 0] == world.positions(world.slow)

    await world.advance(ROUND_S)
    assert await world.ends() == world.positions(world.slow)


async def test_what_others_hold_is_left_to_them(world: World) -> None:
    """Until it is ours."""
    world.held = {0}
    await world.append(20)
    await world.advance(2 * ROUND_S)
    assert [(await world.ends())[0], 0] == world.positions(world.slow)

    world.held = {0, 1}
    await world.advance(2 * ROUND_S)
    assert await world.ends() == world.positions(world.slow)


async def test_a_silent_faust_is_a_fall(world: World) -> None:
    """After the watch had to do its work more than fifteen times."""
    for _ in range(17):
        await world.append(4)
        await world.advance(2 * ROUND_S)

    assert isinstance(world.fell, Unavailable)
    assert "not running" == world.watch.trouble()


async def test_a_faust_that_delivers_something_is_not_silent(world: World) -> None:
    """It may be behind, and is helped."""
    for _ in range(40):
        await world.append(4)
        world.taken[AUDIT] += 1
        await world.advance(ROUND_S)

    assert world.fell is None


async def test_a_store_that_is_away_is_no_fall(world: World) -> None:
    """A restart would not bring it back. It shows as lag."""
    world.slow.troubles = [Unavailable("full")] * 1000
    for _ in range(50):
        await world.append(400)
        await world.advance(ROUND_S)

    assert world.fell is None
    assert f"{sum(await world.ends())} records behind" == world.watch.trouble()
    assert (
        f'hub_projection_lag_records{{topic="{AUDIT}"}} {sum(await world.ends())}.0'.encode()
        in (world.metrics.render()[0])
    )

    world.slow.troubles = []
    await world.advance(3 * ROUND_S)
    assert world.watch.trouble() is None


async def test_a_projection_that_hangs_shows_and_is_a_fall(world: World) -> None:
    """Readiness tells after half a minute; after five the application is given up."""
    world.slow.held.clear()
    await world.append(4)
    await world.advance(31)
    assert "no answer for 31 s" == world.watch.trouble()

    await world.advance(270)
    assert isinstance(world.fell, Unavailable)
