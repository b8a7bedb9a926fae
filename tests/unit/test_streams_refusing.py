"""The alarm about a platform that refuses the hub: one for the installation, however many tries fail."""

from collections.abc import Collection
from datetime import UTC, datetime

import pytest
import structlog

from hub.log.memory import MemoryLog
from hub.sealing import seal
from hub.streams.refusing import RefusingPlatforms
from hub.telemetry import Metrics
from schemas.audit import AuditEvent, AuditRecord
from schemas.delivery import DeliveryState, OutcomeClass, OutcomeHeader, Step
from tests.clock import ManualClock

T0 = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
TOPICS = {"hub.outcomes": 2, "hub.audit": 1}


class Standing:
    """The `StandingAlarms` port in memory, shared by all processes."""

    def __init__(self) -> None:
        self.since: dict[tuple[str, str], datetime] = {}

    async def standing(self, kind: str) -> Collection[str]:
        """As the port."""
        return [platform for of, platform in self.since if of == kind]

    async def begin(self, kind: str, platform: str, since: datetime) -> bool:
        """As the port."""
        return self.since.setdefault((kind, platform), since) is since

    async def end(self, kind: str, platform: str) -> bool:
        """As the port."""
        return self.since.pop((kind, platform), None) is not None


class Scene:
    """A log to which platforms' answers are written, and processes that look."""

    def __init__(self) -> None:
        self.clock = ManualClock(T0)
        self.log = MemoryLog(TOPICS, self.clock)
        self.alarms = Standing()
        self.metrics = Metrics()

    def leader(self) -> RefusingPlatforms:
        """A process that leads."""
        return RefusingPlatforms(self.log, self.alarms, self.clock, self.metrics)

    async def answer(self, key: str, outcome: OutcomeClass | None, step: Step = Step.SEND) -> None:
        """One try of a dossier came to this, a second later."""
        await self.clock.advance(1)
        header = OutcomeHeader(
            message_id="m",
            ordering_key=key,
            operation="portal.state",
            platform="portal",
            part=0,
            key_id="",
            source_partition=0,
            source_offset=0,
            attempt=1,
            step=step,
            state=DeliveryState.PARKED,
            outcome_class=outcome,
            code="x",
            started_at=self.clock.now(),
            finished_at=self.clock.now(),
        )
        await self.log.append(
            "hub.outcomes", key.encode(), seal(header.model_dump_json().encode(), b"", b"").to_bytes()
        )

    async def lookup(self, result: str) -> None:
        """A lookup was answered so."""
        await self.clock.advance(1)
        record = AuditRecord(
            event=AuditEvent.ANSWERED,
            request_id="r",
            at=self.clock.now(),
            agency="H56.14",
            system="mot-cua",
            officer="o",
            service="citizen_lookup",
            purpose="p",
            procedure="1.001193",
            dossier_code="d",
            subject="s",
            source="population",
            result=result,
        )
        await self.log.append("hub.audit", b"r", record.model_dump_json().encode())


@pytest.fixture
def scene() -> Scene:
    """A fresh one."""
    return Scene()


def told(lines: list[structlog.typing.EventDict]) -> list[tuple[str, str]]:
    """Return what was told of whom."""
    return [(line["event"], line["platform"]) for line in lines]


async def test_many_refusals_are_one_alarm_and_one_end(scene: Scene) -> None:
    """However many dossiers were refused, in whatever partition; the gauge is 1 as long as it lasts."""
    leader = scene.leader()
    with structlog.testing.capture_logs() as lines:
        for number in range(20):
            await scene.answer(f"d{number}", OutcomeClass.REFUSED_US)
            await leader.check()
        assert b'hub_alarm{kind="refused_us",platform="portal"} 1.0' in scene.metrics.render()[0]
        await scene.answer("d1", OutcomeClass.DELIVERED)
        await leader.check()
        await leader.check()

    assert [("alarm_raised", "portal"), ("alarm_ended", "portal")] == told(lines)
    assert b'hub_alarm{kind="refused_us",platform="portal"} 0.0' in scene.metrics.render()[0]


@pytest.mark.parametrize("outcome", [OutcomeClass.UNAVAILABLE, OutcomeClass.UNKNOWN, None])
async def test_an_outage_neither_raises_nor_ends_it(scene: Scene, outcome: OutcomeClass | None) -> None:
    """A platform that is away says nothing of the hub's account."""
    leader = scene.leader()
    with structlog.testing.capture_logs() as lines:
        await scene.answer("d", outcome)
        await leader.check()
        await scene.answer("d", OutcomeClass.REFUSED_US)
        await leader.check()
        await scene.answer("d", outcome)
        await leader.check()

    assert [("alarm_raised", "portal")] == told(lines)


async def test_what_the_hub_itself_cannot_place_is_no_refusal(scene: Scene) -> None:
    """A procedure that is not configured parks its dossiers without a word of the platform."""
    await scene.answer("d", OutcomeClass.REFUSED_US, Step.NONE)
    with structlog.testing.capture_logs() as lines:
        await scene.leader().check()

    assert [] == told(lines)


async def test_the_next_leader_does_not_raise_it_again(scene: Scene) -> None:
    """It stands for the installation: one process raised it, another ends it, and a third says nothing."""
    await scene.answer("d", OutcomeClass.REFUSED_US)
    with structlog.testing.capture_logs() as lines:
        await scene.leader().check()
        await scene.clock.advance(600)
        second = scene.leader()
        await second.check()
        assert b'hub_alarm{kind="refused_us",platform="portal"} 1.0' in scene.metrics.render()[0]
        await scene.answer("d", OutcomeClass.DELIVERED)
        await second.check()
        await scene.leader().check()

    assert [("alarm_raised", "portal"), ("alarm_ended", "portal")] == told(lines)


async def test_who_leads_no_more_shows_nothing(scene: Scene) -> None:
    """Another process shows it."""
    leader = scene.leader()
    await scene.answer("d", OutcomeClass.REFUSED_US)
    await leader.check()
    leader.stand_by()

    assert b'hub_alarm{kind="refused_us",platform="portal"} 0.0' in scene.metrics.render()[0]


async def test_lookups_speak_for_their_source(scene: Scene) -> None:
    """A population database that refuses the hub's key is an alarm; whoever it finds or not ends it."""
    leader = scene.leader()
    with structlog.testing.capture_logs() as lines:
        for result in ("one", "platform.refused_us", "platform.unavailable", "platform.refused_us", "none"):
            await scene.lookup(result)
            await leader.check()

    assert [("alarm_raised", "population"), ("alarm_ended", "population")] == told(lines)


async def test_a_long_log_is_read_to_its_end_before_anything_is_said(scene: Scene) -> None:
    """An old refusal in a log that goes on well is none."""
    await scene.answer("d", OutcomeClass.REFUSED_US)
    for _ in range(25_000):
        record = (await scene.log.read("hub.outcomes", scene.log.partition_of("hub.outcomes", b"d"), 0, 1))[0]
        await scene.log.append("hub.outcomes", b"d", record.value)
    await scene.answer("d", OutcomeClass.DELIVERED)
    leader = scene.leader()
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            await leader.check()

    assert [] == told(lines)
