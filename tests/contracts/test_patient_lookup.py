"""A lookup against the sandbox population database that fails on command: one answer, out of few calls and in time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.errors import PlatformFault
from hub.ingress.patient_source import Manners, PatientSource
from hub.pipeline.persistence import Persistence
from hub.telemetry import Metrics
from tests.contracts.test_population_sandbox import EXAMPLE, REQUEST_ID, Scene, playing

FIRST = f"H56_{REQUEST_ID}"
DEADLINE_S = 5.0


class HurriedClock(SystemClock):
    """The machine's clocks, on which waits cost nothing; they are noted."""

    def __init__(self) -> None:
        self.waits_s: list[float] = []

    async def sleep(self, delay_s: float) -> None:
        """Go on at once."""
        self.waits_s.append(delay_s)


@dataclass
class Counter:
    """An officer's side of the counter: a sandbox, and the source as the hub asks it."""

    scene: Scene
    clock: HurriedClock = field(default_factory=HurriedClock)

    def __post_init__(self) -> None:
        self.source = PatientSource(
            self.scene.source,
            self.clock,
            Metrics(),
            manners=Manners(persistence=Persistence()),
            deadline_s=DEADLINE_S,
            admit_again=lambda: None,
        )

    async def found(self) -> int:
        """Look the person of the example up; return how many were found."""
        async with asyncio.timeout(DEADLINE_S + 1):
            return len(await self.source.lookup(EXAMPLE, REQUEST_ID))

    async def failed(self) -> str:
        """Look the person up in vain; return the code of the problem."""
        with pytest.raises(PlatformFault) as failed:
            await self.found()
        return failed.value.problem_code

    async def acted(self) -> list[str]:
        """Return the ids of the calls that the platform acted upon."""
        return [row["key"] async for row in self.scene.remote.rows()]


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    """A platform that is patient for 0.3 s only."""
    wire = {"plain_http": "true", "read_timeout_s": "0.3"}
    async with playing(tmp_path, {"wire": wire}) as scene:
        yield Counter(scene)


@pytest.mark.parametrize(
    ("fault", "bounds", "acted"),
    [
        ("cut_before_acting", {}, [f"{FIRST}-2"]),
        ("drop_reply", {}, [FIRST, f"{FIRST}-2"]),
        ("truncate", {}, [FIRST, f"{FIRST}-2"]),
        ("stall", {"delay_s": 0.6}, [FIRST, f"{FIRST}-2"]),
        ("status", {"status": 502}, [f"{FIRST}-2"]),
        ("status", {"status": 503}, [f"{FIRST}-2"]),
        ("status", {"status": 504}, [f"{FIRST}-2"]),
    ],
)
async def test_what_fails_once_is_answered(
    counter: Counter, fault: str, bounds: dict[str, object], acted: list[str]
) -> None:
    """Cut, dropped, truncated, silent, 502, 503, 504: the second call brings the person, under an id of its own."""
    await counter.scene.remote.fault(fault, count=1, **bounds)
    assert 1 == await counter.found()
    assert acted == await counter.acted()
    (wait_s,) = counter.clock.waits_s
    assert 0.02 <= wait_s <= 0.2


async def test_a_source_that_is_down_is_told_in_time(counter: Counter) -> None:
    """Three calls at a closed port, and the officer hears within the deadline that nothing was reached."""
    await counter.scene.remote.fault("down")
    assert "platform.unavailable" == await counter.failed()
    assert 2 == len(counter.clock.waits_s)

    await counter.scene.remote.clear_faults()
    assert 1 == await counter.found()


async def test_a_source_that_stays_silent_is_told_as_a_lost_reply(counter: Counter) -> None:
    """Three calls, each of which was acted upon, and no answer: 504 for the officer."""
    await counter.scene.remote.fault("stall", delay_s=0.6)
    assert "platform.reply_lost" == await counter.failed()
    assert [FIRST, f"{FIRST}-2", f"{FIRST}-3"] == await counter.acted()


async def test_a_source_that_asks_for_an_hour_is_left_alone(counter: Counter) -> None:
    """503 with a long Retry-After: one call, no wait, and nobody calls for now."""
    await counter.scene.remote.fault("status", status=503, retry_after_s=3600, count=1)
    assert ["platform.unavailable"] * 2 == [await counter.failed(), await counter.failed()]
    assert ([], []) == (counter.clock.waits_s, await counter.acted())


@pytest.mark.parametrize(
    ("fault", "bounds", "code"),
    [
        ("status", {"status": 403}, "platform.refused_us"),
        ("status", {"status": 500}, "platform.unreadable"),
        ("html", {}, "platform.refused_us"),
        ("soap_fault", {}, "platform.unreadable"),
        ("clock_skew", {}, "platform.refused_us"),
    ],
)
async def test_what_would_fail_again_is_not_repeated(
    counter: Counter, fault: str, bounds: dict[str, object], code: str
) -> None:
    """Refused or unreadable: told at once, though the next call would have been answered."""
    await counter.scene.remote.fault(fault, count=1, **bounds)
    assert code == await counter.failed()
    assert [] == counter.clock.waits_s
    assert 1 == await counter.found()
