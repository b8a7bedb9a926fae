"""`python -m ops.bench parked`: what a long outage costs: memory, idle time, a restart, and the drain afterwards."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import orjson
from rich.console import Console
from rich.table import Table

from hub.settings import load
from ops.bench.backlog import fill, park
from ops.bench.field import Field
from ops.bench.platform import BenchPlatform
from ops.demo.content import Content
from ops.demo.stage import free_port

MESSAGES = 100_000
DRAIN_S_MAX = 3600.0
_PROCEDURE = "1.001193"
_PLATFORM_S = 0.005
_IDLE_S = 20.0
_LOOK_EVERY_S = 2.0
_WAIT_S_MAX = 3600.0
_QUARTERS = (0.25, 0.5, 0.75, 1.0)


class Parked:
    """Fills a log, lets a hub park it before a dead platform, and brings the platform back."""

    def __init__(self, folder: Path, messages: int, drain_s_max: float, *, seeded: bool) -> None:
        self._folder = folder
        self._messages = messages
        self._drain_s_max = drain_s_max
        self._seeded = seeded
        self._content = Content(seed=1, now=datetime.now(UTC))
        self._platform = BenchPlatform("registry", free_port(), [_PROCEDURE])
        self._rows: list[tuple[str, str]] = []

    async def run(self) -> None:
        """Measure, and print as it goes."""
        async with self._platform, Field(self._folder / "parked", [self._platform]) as field:
            await (self._seed(field) if self._seeded else self._park(field))
            await self._idle(field)
            await self._restart(field)
            await self._drain(field)
        self._show()

    def _bodies(self) -> list[bytes]:
        return [
            orjson.dumps({**self._content.dossier(number), "procedure": _PROCEDURE, "progress": []})
            for number in range(1, self._messages + 1)
        ]

    async def _seed(self, field: Field) -> None:
        """Make the state in which parking ends, without the parking, which takes a while."""
        await park(load(field.installation), self._bodies(), f"{self._platform.name}.take")
        await field.start_hub()
        await _until(partial(_still, field))
        self._row("memory with all parked", f"{field.hub_resident_mb():.0f} MB")

    async def _park(self, field: Field) -> None:
        await fill(load(field.installation), self._bodies())
        await field.start_hub()
        started_s, cpu_s, at_first_mb = time.monotonic(), field.cpu_s(), 0.0
        for share in _QUARTERS:
            wanted = int(self._messages * share)
            await _until(partial(_parked, field, wanted))
            at_first_mb = at_first_mb or field.hub_resident_mb()
            self._row(f"memory with {share:.0%} parked", f"{field.hub_resident_mb():.0f} MB")
        took_s = time.monotonic() - started_s
        self._row("parked", f"{self._messages / took_s:.0f}/s, {_each_ms(field.cpu_s() - cpu_s, self._messages)}")
        await _until(partial(_still, field))
        grown_kb = (field.hub_resident_mb() - at_first_mb) * 1024 / (self._messages * (1 - _QUARTERS[0]))
        value = f"{field.hub_resident_mb():.0f} MB, {grown_kb:.2f} KB a delivery since the first quarter"
        self._row("memory when all has settled", value)

    async def _idle(self, field: Field) -> None:
        before_s, before_mb = field.cpu_s(), field.hub_resident_mb()
        await asyncio.sleep(_IDLE_S)
        self._row("idle: CPU", f"{100 * (field.cpu_s() - before_s) / _IDLE_S:.1f} % of a core")
        self._row("idle: memory grew by", f"{field.hub_resident_mb() - before_mb:.1f} MB in {_IDLE_S:.0f} s")

    async def _restart(self, field: Field) -> None:
        started_s = time.monotonic()
        await field.stop_hub()
        stopped_s = time.monotonic()
        await field.start_hub()
        self._row("stop / start until ready", f"{stopped_s - started_s:.1f} / {time.monotonic() - stopped_s:.1f} s")
        await _until(partial(_still, field))
        self._row("memory after the restart", f"{field.hub_resident_mb():.0f} MB")

    async def _drain(self, field: Field) -> None:
        before_s, most_mb = field.cpu_s(), 0.0
        await self._platform.start(_PLATFORM_S)
        started_s = time.monotonic()
        while await self._platform.count() < self._messages and time.monotonic() - started_s < self._drain_s_max:
            most_mb = max(most_mb, field.hub_resident_mb())
            await asyncio.sleep(_LOOK_EVERY_S)
        taken = await self._platform.taken()
        rate = (len(taken) - 1) / (taken[-1][2] - taken[0][2])
        self._row("drain", f"{rate:.0f}/s, {len(taken)} drained, {_each_ms(field.cpu_s() - before_s, len(taken))}")
        self._row("drain: memory at most", f"{most_mb:.0f} MB")
        ahead = [abs(self._number(code) - rank) for rank, (_, code, _) in enumerate(taken, 1)]
        self._row("drain: places out of order, median / most", f"{statistics.median(ahead):.0f} / {max(ahead)}")
        if len(taken) == self._messages:
            await _until(partial(_still, field))
            self._row("memory after the drain", f"{field.hub_resident_mb():.0f} MB")

    def _number(self, code: str) -> int:
        return int(code.rpartition("-")[2])

    def _row(self, what: str, value: str) -> None:
        self._rows.append((what, value))
        Console().print(f"{what}: {value}")

    def _show(self) -> None:
        table = Table("what", "value", title=f"{self._messages} deliveries parked before a dead platform")
        for row in self._rows:
            table.add_row(*row)
        Console(width=100).print(table)


async def _parked(field: Field, count: int) -> bool:
    return field.parked() >= count


async def _still(field: Field) -> bool:
    """Whether the hub has nothing to do: less than a tenth of a core for two seconds."""
    before_s = field.cpu_s()
    await asyncio.sleep(2.0)
    return field.cpu_s() - before_s < 0.2  # noqa: PLR2004 - see above


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    deadline_s = time.monotonic() + _WAIT_S_MAX
    while not await true():
        if time.monotonic() > deadline_s:
            raise SystemExit("it takes too long")
        await asyncio.sleep(_LOOK_EVERY_S)


def _each_ms(cpu_s: float, messages: int) -> str:
    return f"{1000 * cpu_s / messages:.2f} ms CPU each"
