"""The last hour, minute by minute."""

from datetime import datetime, timedelta
from math import inf

import pytest

from hub.log.memory import MemoryLog
from hub.ports import Projected, ProjectedBatch
from hub.streams.projector import Projector
from hub.streams.windows import Window, Windows, first_since
from hub.telemetry import Metrics
from schemas.delivery import DeliveryState, OutcomeClass, OutcomeHeader, Step
from schemas.envelope import Envelope
from schemas.topics import OUTCOMES
from tests.clock import ManualClock


class World:
    """A log of one partition of outcomes, and the windows over it."""

    def __init__(self) -> None:
        self.clock, self.metrics = ManualClock(), Metrics()
        self.log = MemoryLog({OUTCOMES: 1}, self.clock)
        self.windows = self.again()

    def again(self) -> Windows:
        """Return windows as a restart would make them."""
        return Windows(self.log, self.clock, self.metrics)

    async def tried(
        self, outcome_class: OutcomeClass | None = OutcomeClass.DELIVERED, took_s: float = 0.0, platform: str = "portal"
    ) -> None:
        """Append what came of a try that ends right away."""
        value = Envelope(_outcome(self.clock.now(), outcome_class, took_s, platform).model_dump_json().encode(), b"")
        await self.log.append(OUTCOMES, b"d", value.to_bytes())

    async def projected(self, windows: Windows) -> Windows:
        """Bring windows to the end of the log."""
        await Projector(self.log, windows, self.clock, self.metrics).catch_up(OUTCOMES, 0)
        return windows


def _outcome(at: datetime, outcome_class: OutcomeClass | None, took_s: float, platform: str) -> OutcomeHeader:
    return OutcomeHeader(
        message_id="m",
        ordering_key="d",
        operation="portal.state",
        platform=platform,
        part=0,
        key_id="",
        source_partition=0,
        source_offset=0,
        attempt=1,
        step=Step.SEND,
        state=DeliveryState.DELIVERED,
        outcome_class=outcome_class,
        code="0",
        started_at=at - timedelta(seconds=took_s),
        finished_at=at,
    )


@pytest.fixture
def world() -> World:
    """A fresh one."""
    return World()


async def test_the_last_minute_is_the_one_that_is_over(world: World) -> None:
    """Counted by class and platform, from the end of each try."""
    await world.tried()
    await world.tried(OutcomeClass.UNAVAILABLE)
    await world.tried(platform="emc")
    await world.clock.advance(60)
    await world.tried(OutcomeClass.REFUSED_US)
    last = (await world.projected(world.windows)).last_minute()

    assert {OutcomeClass.DELIVERED: 1, OutcomeClass.UNAVAILABLE: 1} == last["portal"].classes
    assert {OutcomeClass.DELIVERED: 1} == last["emc"].classes


async def test_what_was_no_try_is_not_counted(world: World) -> None:
    """A state that changed without one has no class."""
    await world.tried(None)
    await world.clock.advance(60)

    assert {} == (await world.projected(world.windows)).last_minute()


async def test_a_replay_counts_nothing_twice(world: World) -> None:
    """Faust delivers a batch again after a restart."""
    header = _outcome(world.clock.now(), OutcomeClass.DELIVERED, 0, "portal")
    await world.tried()
    (record,) = await world.log.read(OUTCOMES, 0, 0, 1)
    batch = {0: ProjectedBatch([Projected(record, outcome=header)], 1, 0)}
    await world.windows.apply(OUTCOMES, batch)
    await world.windows.apply(OUTCOMES, batch)
    await world.clock.advance(60)

    assert 1 == world.windows.last_minute()["portal"].classes[OutcomeClass.DELIVERED]


async def test_windows_made_from_the_log_equal_those_that_grew(world: World) -> None:
    """A restart forgets nothing of the last hour, and reads nothing that is older."""
    for _ in range(90):
        await world.tried(took_s=0.3)
        await world.projected(world.windows)
        await world.clock.advance(60)
    made = world.again()

    assert 30 == await made.next_offset(OUTCOMES, 0)
    assert world.windows.last_minute() == (await world.projected(made)).last_minute()
    assert 1 == sum(made.last_minute()["portal"].buckets)


async def test_the_last_minute_is_on_the_metrics_page(world: World) -> None:
    """A minute without a try shows zeros, and after an hour without one the platform is forgotten."""
    await world.tried(took_s=0.2)
    await world.projected(world.windows)
    await world.clock.advance(60)
    await world.windows.show()
    page = world.metrics.render()[0].decode()
    assert 'hub_minute_tries{outcome_class="delivered",platform="portal"} 1.0' in page
    assert 'hub_minute_try_seconds{platform="portal",share="0.5"} 0.25' in page

    await world.clock.advance(60)
    await world.windows.show()
    page = world.metrics.render()[0].decode()
    assert 'hub_minute_tries{outcome_class="delivered",platform="portal"} 0.0' in page

    await world.clock.advance(3600)
    await world.windows.show()
    assert {} == world.windows.last_minute()


@pytest.mark.parametrize(
    ("durations_s", "share", "expected_s"),
    [
        ([], 0.5, 0.0),
        ([0.02], 0.5, 0.025),
        ([0.025], 0.99, 0.025),
        ([0.001] * 99 + [100.0], 0.99, 0.01),
        ([0.001] * 98 + [100.0] * 2, 0.99, inf),
    ],
)
def test_a_quantile_is_the_bound_of_its_bucket(durations_s: list[float], share: float, expected_s: float) -> None:
    """Never too good: that share of the tries took at most so long."""
    window = Window()
    for duration_s in durations_s:
        window.note(OutcomeClass.DELIVERED, duration_s)

    assert expected_s == window.quantile_s(share)


@pytest.mark.parametrize(("after_s", "offset"), [(-1, 0), (0, 0), (1, 1), (10, 1), (11, 2), (50, 5), (51, 6)])
async def test_where_a_time_begins_in_the_log(world: World, after_s: float, offset: int) -> None:
    """Records lie at seconds 0, 10, 20, 30, 40 and 50."""
    start = world.clock.now()
    for _ in range(6):
        await world.log.append(OUTCOMES, b"d", b"")
        await world.clock.advance(10)

    assert offset == await first_since(world.log, OUTCOMES, 0, start + timedelta(seconds=after_s))
