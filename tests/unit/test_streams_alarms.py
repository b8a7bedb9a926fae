"""Late deliveries and silent platforms."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import structlog

from hub.pipeline.windows import Closures, Dated
from hub.ports import DeliveryId, LateDelivery
from hub.streams.alarms import LateDeliveries, SilentPlatforms
from hub.telemetry import Metrics
from schemas.timeline import Overview, PlatformCount
from tests.clock import ManualClock
from tests.fakes.read_models import MemoryReadModels

T0 = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
LATE_AFTER_S = 3600.0
SILENCE_AFTER_S = 900.0


class Waiting:
    """The `Lateness` port: deliveries that wait, with their times; what was told leaves `untold`."""

    def __init__(self) -> None:
        self.waiting: dict[DeliveryId, datetime] = {}
        self.told: list[DeliveryId] = []

    async def late(self, received_before: datetime) -> Mapping[str, int]:
        """As the port."""
        number = sum(since < received_before for since in self.waiting.values())
        return {"portal": number} if number else {}

    async def untold(
        self, received_before: datetime, after: DeliveryId | None, deliveries_max: int
    ) -> Sequence[LateDelivery]:
        """As the port."""
        wanted = [
            LateDelivery(id_, "portal", since)
            for id_, since in sorted(self.waiting.items(), key=lambda item: item[0].message_id)
            if since < received_before and id_ not in self.told and (after is None or id_.message_id > after.message_id)
        ]
        return wanted[:deliveries_max]

    async def tell(self, id_: DeliveryId, since: datetime) -> None:
        """Note what is told."""
        assert since == self.waiting[id_]
        self.told.append(id_)

    def add(self, number: int, since: datetime = T0) -> None:
        """Let some more wait."""
        for each in range(len(self.waiting), len(self.waiting) + number):
            self.waiting[DeliveryId(f"m{each:06d}", "portal.state", 0)] = since


@pytest.fixture
def metrics() -> Metrics:
    """A page of its own."""
    return Metrics()


async def test_a_delivery_is_told_once_when_it_is_late(metrics: Metrics) -> None:
    """Not a second before, and not again."""
    clock, waiting = ManualClock(T0), Waiting()
    late = LateDeliveries(waiting, waiting.tell, clock, metrics, late_after_s=LATE_AFTER_S)
    waiting.add(1)
    await clock.advance(LATE_AFTER_S)
    await late.check()
    assert [] == waiting.told

    await clock.advance(1)
    await late.check()
    await late.check()
    assert [DeliveryId("m000000", "portal.state", 0)] == waiting.told


async def test_a_large_backlog_is_told_in_pages(metrics: Metrics) -> None:
    """Ten thousand at a time, so that a look has an end."""
    clock, waiting = ManualClock(T0 + timedelta(days=1)), Waiting()
    late = LateDeliveries(waiting, waiting.tell, clock, metrics, late_after_s=LATE_AFTER_S)
    waiting.add(1234)
    await late.check()

    assert list(waiting.waiting) == waiting.told


async def test_late_deliveries_show_as_long_as_there_are_any(metrics: Metrics) -> None:
    """One line when it begins and one when it ends; the number in between is on the metrics page."""
    clock, waiting = ManualClock(T0 + timedelta(days=1)), Waiting()
    late = LateDeliveries(waiting, waiting.tell, clock, metrics, late_after_s=LATE_AFTER_S)
    waiting.add(3)
    with structlog.testing.capture_logs() as lines:
        await late.check()
        await late.check()
        assert b'hub_late_deliveries{platform="portal"} 3.0' in metrics.render()[0]
        waiting.waiting.clear()
        await late.check()

    assert ["deliveries_late", "deliveries_late_no_more"] == [line["event"] for line in lines]
    assert b'hub_late_deliveries{platform="portal"} 0.0' in metrics.render()[0]


async def test_who_does_not_lead_shows_nothing(metrics: Metrics) -> None:
    """The new leader shows it; two would count it twice."""
    clock, waiting = ManualClock(T0 + timedelta(days=1)), Waiting()
    late = LateDeliveries(waiting, waiting.tell, clock, metrics, late_after_s=LATE_AFTER_S)
    waiting.add(3)
    await late.check()
    late.stand_by()

    assert b'hub_late_deliveries{platform="portal"} 0.0' in metrics.render()[0]


class Counts(MemoryReadModels):
    """Read models with the counts of one platform."""

    def __init__(self) -> None:
        super().__init__()
        self.count = PlatformCount(platform="portal")

    async def overview(self) -> Overview:
        """As the port."""
        return Overview(accepted=0, platforms=(self.count,))


async def _silent(
    counts: Sequence[PlatformCount], metrics: Metrics, closures: Mapping[str, Closures] | None = None
) -> list[str]:
    """Look every ten minutes, and return the lines that were written."""
    clock, models = ManualClock(T0), Counts()
    silent = SilentPlatforms(models, clock, metrics, silence_after_s=SILENCE_AFTER_S, closures=closures or {})
    with structlog.testing.capture_logs() as lines:
        for count in counts:
            models.count = count
            await silent.check()
            await clock.advance(600)
    return [line["event"] for line in lines]


def _count(delivered: int, **waiting: int) -> PlatformCount:
    return PlatformCount(platform="portal", delivered=delivered, **waiting)


@pytest.mark.parametrize("state", ["waiting", "in_flight", "parked", "in_doubt"])
async def test_a_platform_that_takes_nothing_of_what_waits_is_silent(metrics: Metrics, state: str) -> None:
    """In whatever state it waits."""
    assert ["platform_silent"] == await _silent([_count(5, **{state: 1})] * 4, metrics)
    assert b'hub_platform_silent{platform="portal"} 1.0' in metrics.render()[0]


async def test_a_platform_that_takes_anything_is_not_silent(metrics: Metrics) -> None:
    """However much waits."""
    assert [] == await _silent([_count(number, parked=1000) for number in range(6)], metrics)


async def test_a_platform_to_which_nothing_is_owed_is_not_silent(metrics: Metrics) -> None:
    """Nights are quiet; what was given up does not wait."""
    assert [] == await _silent([_count(5, dead=3)] * 6, metrics)


async def test_a_silence_begins_when_something_waits(metrics: Metrics) -> None:
    """Not with the last success before a quiet night."""
    assert [] == await _silent([*[_count(5)] * 6, _count(5, waiting=1)], metrics)


async def test_a_silence_ends_with_the_first_success(metrics: Metrics) -> None:
    """And is told again when it comes back."""
    quiet, then = [_count(5, parked=2)] * 3, [_count(6, parked=1)] * 3
    assert ["platform_silent", "platform_silent_no_more", "platform_silent"] == await _silent([*quiet, *then], metrics)


def _closed(from_minute: int, to_minute: int) -> Mapping[str, Closures]:
    begins, ends = (T0 + timedelta(minutes=minute) for minute in (from_minute, to_minute))
    return {"portal": Closures(dated=[Dated(begins, ends)])}


async def test_a_platform_in_maintenance_is_not_silent(metrics: Metrics) -> None:
    """Nobody calls it, so nothing is expected of it."""
    assert [] == await _silent([_count(5, parked=7)] * 6, metrics, _closed(0, 60))


async def test_a_silence_is_counted_from_the_end_of_the_maintenance(metrics: Metrics) -> None:
    """The platform has as long as ever to take something: closed when looked at in minutes 0 to 20, silent in 40."""
    seen = [await _silent([_count(5, parked=7)] * number, metrics, _closed(0, 30)) for number in (4, 5)]

    assert [[], ["platform_silent"]] == seen


async def test_a_silence_ends_with_the_maintenance_that_follows_it(metrics: Metrics) -> None:
    """An alarm that nobody can do anything about is none."""
    lines = await _silent([_count(5, parked=7)] * 4, metrics, _closed(25, 60))

    assert ["platform_silent", "platform_silent_no_more"] == lines
