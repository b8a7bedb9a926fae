"""`python -m ops.bench isolation`: what a slow platform and a dead one cost the healthy ones.

Quiet runs, in which every platform answers at once, and troubled ones alternate on one hub, so that both meet the same
neighbours on the machine. Latency is from the 202 to the effect at the platform.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from ops.bench.field import Field
from ops.bench.platform import BenchPlatform
from ops.bench.process import answer_of
from ops.demo.content import Content
from ops.demo.stage import free_port

RATE = 300.0
RATE_MIN = 5.0
RUN_S = 20.0
PAIRS = 5
QUIET_S = 0.02
SLOW_S = 10.0
_SETTLED_P99_S = 1.0
_DRAIN_S_MAX = 300.0
_SHARES = ("civil",) * 3 + ("justice",) * 3 + ("slow",) * 3 + ("dead",)
_PROCEDURES = {"civil": "1.001193", "justice": "2.000488", "slow": "1.000656", "dead": "2.000635"}
HEALTHY = ("civil", "justice")


@dataclass(frozen=True, slots=True)
class Run:
    """One run: latencies of the healthy platforms, seconds, sorted; and how the door and the load generator did."""

    healthy_s: Sequence[float]
    sent: int
    other: int
    behind_s: float
    cpu_ms: float

    def quantile_s(self, share: float) -> float:
        """Return a quantile of the latencies."""
        return self.healthy_s[min(len(self.healthy_s) - 1, int(len(self.healthy_s) * share))]


class Isolation:
    """Runs the pairs. `rate` is what is tried; a machine that cannot take it gets less, see `find_rate`."""

    def __init__(self, folder: Path, rate: float, pairs: int, seconds: float) -> None:
        self._folder = folder
        self.rate = rate
        self._pairs = pairs
        self._seconds = seconds
        self._content = Content(seed=1, now=datetime.now(UTC))
        self._sent = 0
        self._owed = dict.fromkeys(_PROCEDURES, 0)
        self._platforms = {name: BenchPlatform(name, free_port(), [code]) for name, code in _PROCEDURES.items()}

    async def run(self) -> list[tuple[Run, Run]]:
        """Return (quiet, troubled) of each pair."""
        async with AsyncExitStack() as stack:
            for platform in self._platforms.values():
                await stack.enter_async_context(platform)
                await platform.start(QUIET_S)
            field = await stack.enter_async_context(Field(self._folder / "isolation", list(self._platforms.values())))
            await field.start_hub()
            await self._find_rate(field)
            return [(await self._quiet(field), await self._troubled(field)) for _ in range(self._pairs)]

    async def _find_rate(self, field: Field) -> None:
        """Lower the rate until a quiet run keeps up with it; each is tried twice, for a hub that just began is slow."""
        while True:
            for _ in range(2):
                trial = await self._quiet(field)
                if (not trial.other and trial.quantile_s(0.99) < _SETTLED_P99_S) or self.rate <= RATE_MIN:
                    return
            Console().print(f"{self.rate:.0f}/s: p99 {trial.quantile_s(0.99):.1f} s, {trial.other} refused; too much")
            self.rate = max(RATE_MIN, self.rate * 0.6)

    async def _quiet(self, field: Field) -> Run:
        run = await self._played(field)
        await self._drained()
        return run

    async def _troubled(self, field: Field) -> Run:
        await self._platforms["slow"].delay(SLOW_S)
        await self._platforms["dead"].stop()
        run = await self._played(field)
        await self._platforms["slow"].delay(QUIET_S)
        await self._platforms["dead"].start(QUIET_S)
        await self._drained()
        return run

    async def _played(self, field: Field) -> Run:
        bodies, names = self._bodies(int(self.rate * self._seconds))
        file = self._folder / "steady.jsonl"
        file.write_bytes(b"\n".join(bodies))
        before_s = field.cpu_s()
        order = {
            "url": field.addresses.hub + "/v1/dossiers", "token": field.tokens["mot-cua"], "bodies": str(file),
            "rate": self.rate, "keys": f"r{self._sent}",
        }  # fmt: skip
        await answer_of("ops.bench.steady", json.dumps(order))
        answer: dict[str, Any] = orjson.loads(file.with_suffix(".answer").read_bytes())
        refused = set(answer["refused"])
        for number, name in enumerate(names):
            self._owed[name] += number not in refused
        took_s = await self._latencies(answer["accepted"])
        cpu_ms = 1000 * (field.cpu_s() - before_s) / len(bodies)
        return Run(took_s, len(bodies), len(refused), answer["behind_s"], cpu_ms)

    def _bodies(self, count: int) -> tuple[list[bytes], list[str]]:
        names = [_SHARES[number % len(_SHARES)] for number in range(count)]
        bodies = []
        for name in names:
            self._sent += 1
            dossier = {**self._content.dossier(self._sent), "procedure": _PROCEDURES[name], "progress": []}
            bodies.append(orjson.dumps(dossier))
        return bodies, names

    async def _latencies(self, accepted: dict[str, float]) -> list[float]:
        """Wait until the healthy platforms have everything, and return how long it took."""
        await self._wait_for(HEALTHY)
        taken = [each for name in HEALTHY for each in await self._platforms[name].taken()]
        return sorted(max(0.0, at - accepted[key]) for key, _, at in taken if key in accepted)

    async def _drained(self) -> None:
        await self._wait_for(list(_PROCEDURES))

    async def _wait_for(self, names: Sequence[str]) -> None:
        deadline_s = time.monotonic() + _DRAIN_S_MAX
        while time.monotonic() < deadline_s:
            counts = [await self._platforms[name].count() for name in names]
            if all(count >= self._owed[name] for name, count in zip(names, counts, strict=True)):
                return
            await asyncio.sleep(0.25)
        raise SystemExit("the hub did not deliver everything")


def show(pairs: Sequence[tuple[Run, Run]], rate: float) -> None:
    """Print the pairs side by side, and the medians."""
    title = (
        f"{rate:.0f} messages/s, 30 % to a platform of {SLOW_S:.0f} s, 10 % to a dead one; healthy ones, 202 to effect"
    )
    table = Table("run", "quiet p50 / p99", "troubled p50 / p99", "ratio p99", "CPU ms a message", title=title)
    ratios = []
    for number, (quiet, troubled) in enumerate(pairs, 1):
        ratios.append(troubled.quantile_s(0.99) / quiet.quantile_s(0.99))
        table.add_row(
            str(number), _ms(quiet), _ms(troubled), f"{ratios[-1]:.2f}", f"{quiet.cpu_ms:.1f} / {troubled.cpu_ms:.1f}"
        )
    medians = [statistics.median(run.quantile_s(0.99) for run in runs) for runs in zip(*pairs, strict=True)]
    table.add_row(
        "median", f"{medians[0] * 1000:.0f} ms", f"{medians[1] * 1000:.0f} ms", f"{statistics.median(ratios):.2f}", ""
    )
    Console(width=120).print(table)


def _ms(run: Run) -> str:
    return f"{run.quantile_s(0.5) * 1000:.0f} / {run.quantile_s(0.99) * 1000:.0f} ms"
