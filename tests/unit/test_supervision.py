"""Parts that fall are started again, with a growing pause, and say so without telling what they held."""

import asyncio
import io
import json
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest
import structlog

from hub.errors import Unavailable
from hub.supervision import Supervisor
from hub.telemetry import configure_logging
from tests.clock import ManualClock

SECRET = "Nguyễn Văn A"


@pytest.fixture(autouse=True)
def lines() -> Iterator[io.StringIO]:
    """The log of the supervisor; logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    text = io.StringIO()
    configure_logging(text)
    yield text
    structlog.reset_defaults()
    root.handlers = handlers
    root.setLevel(level)
    for name in ("uvicorn.access", "aiohttp.access"):
        logging.getLogger(name).disabled = False


class Part:
    """Runs for some seconds at a time and then falls, or ends after the last of them."""

    def __init__(self, clock: ManualClock, *lasting_s: float, fault: BaseException | None = None) -> None:
        self.started_s: list[float] = []
        self._clock = clock
        self._lasting_s = list(lasting_s)
        self._fault = fault or ValueError(SECRET)

    async def run(self) -> None:
        """Run once."""
        self.started_s.append(self._clock.monotonic())
        await self._clock.sleep(self._lasting_s.pop(0))
        if self._lasting_s:
            raise self._fault


async def kept(clock: ManualClock, part: Callable[[], Awaitable[None]], for_s: float) -> Supervisor:
    """Keep a part for some virtual seconds."""
    supervisor = Supervisor(clock)
    keeping = asyncio.create_task(supervisor.keep("projector", part))
    await clock.advance(for_s)
    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping
    return supervisor


async def test_the_pause_doubles_up_to_half_a_minute() -> None:
    """0.5, 1, 2, 4, 8, 16 seconds, then 30 for ever."""
    clock = ManualClock()
    part = Part(clock, *[0.0] * 20)

    await kept(clock, part.run, 122.0)

    assert [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5, 121.5] == part.started_s


async def test_a_part_that_ran_for_a_minute_starts_with_the_first_pause_again() -> None:
    """Three falls at once, a minute of health, and the next pause is half a second."""
    clock = ManualClock()
    part = Part(clock, 0.0, 0.0, 0.0, 60.0, 0.0, 0.0)

    await kept(clock, part.run, 70.0)

    assert [0.0, 0.5, 1.5, 3.5, 64.0, 65.0] == part.started_s


async def test_a_part_counts_as_fallen_until_it_has_run_for_a_minute() -> None:
    """So that readiness does not blink while a part falls again and again."""
    clock = ManualClock()
    part = Part(clock, 0.0, 1000.0, 0.0)
    supervisor = Supervisor(clock)
    keeping = asyncio.create_task(supervisor.keep("projector", part.run))

    await clock.advance(60.4)
    assert {"projector": 1} == supervisor.fallen
    await clock.advance(0.2)
    assert {} == supervisor.fallen

    keeping.cancel()
    with suppress(asyncio.CancelledError):
        await keeping


async def test_a_part_that_ends_by_itself_is_let_go() -> None:
    """A worker that was told to stop is not started again, and is not fallen."""
    clock = ManualClock()
    part = Part(clock, 0.0, 5.0)
    supervisor = Supervisor(clock)
    keeping = asyncio.create_task(supervisor.keep("delivery", part.run))

    await clock.advance(10.0)

    assert keeping.done()
    assert [0.0, 0.5] == part.started_s
    assert {} == supervisor.fallen


async def test_whoever_cancels_ends_the_part() -> None:
    """Cancellation passes through: the part sees it, nothing is started again, nothing stays behind."""
    clock = ManualClock()
    part = Part(clock, 1000.0, 0.0)
    keeping = asyncio.create_task(Supervisor(clock).keep("delivery", part.run))
    await clock.advance(1.0)

    keeping.cancel()
    await asyncio.wait({keeping})
    await clock.advance(100.0)

    assert keeping.cancelled()
    assert [0.0] == part.started_s
    assert {asyncio.current_task()} == asyncio.all_tasks()


async def test_whoever_cancels_during_the_pause_ends_it_too() -> None:
    """A stop does not wait for half a minute."""
    clock = ManualClock()
    part = Part(clock, 0.0, 0.0, 0.0)
    keeping = asyncio.create_task(Supervisor(clock).keep("delivery", part.run))
    await clock.advance(0.1)

    keeping.cancel()
    await asyncio.wait({keeping})

    assert (True, [0.0]) == (keeping.cancelled(), part.started_s)


async def test_parts_are_kept_apart() -> None:
    """One that falls does not delay one that runs."""
    clock = ManualClock()
    falling, running = Part(clock, *[0.0] * 9), Part(clock, 1000.0, 0.0)
    supervisor = Supervisor(clock)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(supervisor.keep("delivery", falling.run)),
            group.create_task(supervisor.keep("gauges", running.run)),
        ]
        await clock.advance(10.0)
        for task in tasks:
            task.cancel()

    assert ({"delivery": 5}, [0.0]) == (supervisor.fallen, running.started_s)


@pytest.mark.parametrize(
    "fault",
    [
        Unavailable("store.db: no space is left for the file"),
        ExceptionGroup(SECRET, [KeyError(SECRET)]),
        OSError(28, ""),
    ],
    ids=lambda fault: type(fault).__name__,
)
async def test_every_kind_of_fault_is_survived(fault: Exception) -> None:
    """The hub's own, a group of a task group, and the system's."""
    clock = ManualClock()
    part = Part(clock, 0.0, 0.0, 0.0, fault=fault)

    await kept(clock, part.run, 1.0)

    assert [0.0, 0.5] == part.started_s


async def test_the_line_names_the_part_and_the_place_and_no_value(lines: io.StringIO) -> None:
    """Part, number of falls, pause and class; the text of the exception, which may name people, stays out."""
    clock = ManualClock()
    await kept(clock, Part(clock, 0.0, 0.0, 0.0).run, 0.6)

    first, second = (json.loads(line) for line in lines.getvalue().splitlines())

    assert ("part_fell", "error", "projector", 1, 0.5, "ValueError") == (
        *(first["event"], first["level"], first["task"]),
        *(first["restarts"], first["delay_s"], first["error"]),
    )
    assert (2, 1.0) == (second["restarts"], second["delay_s"])
    assert SECRET not in lines.getvalue()


async def test_a_log_that_cannot_be_written_starts_no_part_less() -> None:
    """A full disk fells parts and refuses the line that says so, at the same time."""
    full = os.fdopen(os.open("/dev/full", os.O_WRONLY), "w", buffering=1)
    configure_logging(full)
    clock = ManualClock()
    part = Part(clock, 0.0, 0.0, 0.0)

    await kept(clock, part.run, 2.0)

    with suppress(OSError):  # what is left in its buffer
        full.close()
    assert [0.0, 0.5, 1.5] == part.started_s
