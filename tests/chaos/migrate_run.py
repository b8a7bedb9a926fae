"""A province moves house: `python -m tests.chaos.migrate_run --messages 100000 --kills 5`.

An embedded hub is filled through its door: a part is delivered, a part waits for a portal that is down, some are in
doubt and some are dead. It is killed, moved with a kill -9 in each phase of the move, and opened anew on Kafka and
PostgreSQL, where the rest is delivered and each dossier goes on by one more state. What came of it is counted in the
portal's ledger, and one table says it.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import orjson

from ops.sandbox.remote import Remote
from ops.sandbox.verdict import Tally, Verdict, verdict
from tests.chaos.check import Check, check
from tests.chaos.fleet import Fleet
from tests.chaos.fleet_run import Shared, shared_homes
from tests.chaos.load import PROGRESS_FIELDS, STATE_FIELDS, Dossier, dossier
from tests.chaos.read_model import Told, read_timelines
from tests.chaos.removal import Removal, refused, remove
from tests.chaos.run import expected
from tests.chaos.sender import Sender
from tests.chaos.status_events import judge_events, read_events
from tests.e2e.installation import Installed, install, replace_value
from tests.e2e.processes import Sandboxes, listening, reserved_port, running, sandboxes

STATES = 3
"""Of each dossier, before the move; one more follows behind it."""
REPEATS = 50
_DEAD_MAX = 20
_LOOK_EVERY_S = 0.5
_STILL_S = 4.0
_IN_DOUBT = 12
_SECONDS_PER_MESSAGE = 0.06
_TOLD_S_MAX = 30.0
"""Subscribers hear of everything soon after it happened."""
_SETTLE_S_MIN = 120.0
_CHANGES = {"first_s": "0.2", "max_s": "2", "profile": "demo", "session_timeout_s": "6"}
_PATIENCE = ("concurrency_max", "64\ncircuit_open_max_s: 2\nrefusals_equal_max: 0")
_LONG = {"id": "tk-01", "name": "Tờ khai.pdf", "url": "https://motcua.example/tep/" + "a" * 2000}
"""An address that is lawful, and longer than the portal takes: what carries it is refused, and dead."""


@dataclass(frozen=True, slots=True)
class Load:
    """Dossiers that arrive, and dossiers whose first state the portal refuses."""

    good: Sequence[Dossier]
    dead: Sequence[Dossier]

    @classmethod
    def of(cls, seed: int, messages: int) -> "Load":
        """Return so many messages with `STATES` states each, of which a few die; good ones have one state more."""
        count = max(2, messages // STATES)
        dead = max(1, min(_DEAD_MAX, count // 20))
        every = [dossier(seed, number) for number in range(1, count + 1)]
        return cls(
            [replace(one, states=one.states[: STATES + 1]) for one in every[dead:]],
            [_spoilt(replace(one, states=one.states[:STATES])) for one in every[:dead]],
        )

    def early(self, dossiers: Sequence[Dossier]) -> list[Dossier]:
        """Return what is sent before the move."""
        return [replace(one, states=one.states[:STATES]) for one in dossiers]

    def late(self) -> list[Dossier]:
        """Return what is sent after it."""
        return [replace(one, states=one.states[STATES:]) for one in self.good]


def _spoilt(one: Dossier) -> Dossier:
    first, *others = one.states
    body = orjson.dumps({**orjson.loads(first.body), "attachments": [_LONG]})
    return replace(one, states=(replace(first, body=body), *others))


def _owed(dossiers: Sequence[Dossier]) -> int:
    return sum(1 + len(state.parts) for one in dossiers for state in one.states)


@dataclass(slots=True)
class MoveReport:
    """Everything that is known in the end. Times in seconds."""

    seed: int
    acknowledged: int = 0
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    removal: Removal = field(default_factory=Removal)
    verdict: Verdict | None = None
    check: Check = field(default_factory=Check)
    flaws: list[str] = field(default_factory=list)
    times_s: dict[str, float] = field(default_factory=dict)

    def judge(self) -> Iterator[str]:
        """Yield what breaks a promise."""
        yield from self.flaws
        yield from self.check.flaws
        yield from (f"progress was told twice: {part}" for part in sorted(self.check.doubled))
        for name, tally in self._tallies():
            if not tally.clean:
                yield f"{name}: {tally.counts()}"

    def _tallies(self) -> Iterator[tuple[str, Tally]]:
        if self.verdict is not None:
            yield "states", self.verdict.states
            yield "progress", self.verdict.progress

    def table(self) -> str:
        """Return the run as text."""
        return "\n".join([*self._head(), *self._effects(), *self._end()])

    def _head(self) -> Iterator[str]:
        yield self.removal.table.rstrip()
        yield f"seed {self.seed}: {self.acknowledged} messages acknowledged before the move"
        yield f"  deliveries before: {_listed(self.before)}"
        for at_s, said in zip(self.removal.kills, self.removal.said, strict=True):
            yield f"  hub migrate killed {at_s:.2f} s into a phase; it had said: {said}"
        yield f"  its last life took {self.removal.last_life_s:.1f} s; {_listed_s(self.times_s)}"
        yield f"  deliveries after:  {_listed(self.after)}"

    def _effects(self) -> Iterator[str]:
        yield f"{'':10} {'expected':>9} {'effects':>9} {'lost':>6} {'doubled':>8} {'reordered':>10} {'invented':>9}"
        for name, tally in self._tallies():
            counts = tally.counts()
            yield (
                f"{name:<10} {counts['expected']:>9} {counts['effects']:>9} {counts['lost']:>6} "
                f"{counts['doubled']:>8} {counts['reordered']:>10} {counts['invented']:>9}"
            )

    def _end(self) -> Iterator[str]:
        flaws = list(self.judge())
        yield f"flaws: {len(flaws) or 'none'}"
        yield from (f"  {flaw}" for flaw in flaws[:20])


class MigrateRun:
    """One run in a folder, in which everything that was written stays."""

    def __init__(self, seed: int, messages: int, kills: int, delivered_percent: int, folder: Path) -> None:
        self._chance = Random(f"migrate {seed}")
        self._load = Load.of(seed, messages)
        self._kills = kills
        self._kill_within_s = 0.2 + messages / 40_000
        self._delivered_percent = delivered_percent
        self._folder = folder
        self._settle_s_max = _SETTLE_S_MIN + messages * _SECONDS_PER_MESSAGE
        self._report = MoveReport(seed)

    async def run(self) -> MoveReport:
        """Fill, kill, move, open, judge."""
        async with AsyncExitStack() as stack:
            shared = await stack.enter_async_context(shared_homes(self._folder))
            port = stack.enter_context(reserved_port())
            boxes = await stack.enter_async_context(sandboxes(self._folder / "sandbox"))
            portal = await stack.enter_async_context(Remote(boxes.portal_control))
            installed = self._install(boxes, port)
            first = await self._timed("filling", self._fill(installed, portal))
            await self._timed("moving, kills and all", self._move(installed, shared))
            second = Sender(installed, self._load.late())
            fleet = Fleet(installed, self._folder, stack)
            await portal.clear_faults()
            await self._timed("delivering the rest", self._deliver(installed, fleet, first, second))
            known = self._acknowledged(first, second)
            async with second.session() as session:
                events = await read_events(session, set(known.values()), _TOLD_S_MAX)
            self._report.flaws.extend(judge_events(events, known))
            await fleet.end()
            self._report.flaws.extend(fleet.flaws)
            await self._judge(portal)
        return self._report

    def _install(self, boxes: Sandboxes, port: int) -> Installed:
        installed = install(self._folder / "installation", boxes.platforms, port, _CHANGES)
        replace_value(installed.folder / "platforms" / "national_portal.yaml", *_PATIENCE)
        return installed

    async def _fill(self, installed: Installed, portal: Remote) -> Sender:
        """Fill an embedded hub, and kill it."""
        good = self._load.early(self._load.good)
        share = len(good) * self._delivered_percent // 100
        sender = Sender(installed, [*self._load.dead, *good])
        dead, total = len(self._load.dead) * STATES, (len(self._load.dead) + len(good)) * STATES
        log = self._folder / "hub-embedded.log"
        async with running(log, "hub", "run", "--config", str(installed.folder)) as hub:
            await listening(hub, installed.address)
            sender.quota.allow(dead + share * STATES)
            sending = asyncio.create_task(sender.run())
            async with sender.session() as session:
                await self._until(session, lambda counts: counts["accepted"] >= dead + share * STATES)
                await self._still(session, _owed(self._load.early(self._load.dead)))
                await portal.fault("drop_reply", service="DongBoHoSoMC", count=_IN_DOUBT)
                await portal.fault("cut_before_acting", service="TraCuuHoSo")
                sender.quota.allow(dead + share * STATES + _IN_DOUBT)
                await self._until(session, lambda counts: counts["in_doubt"] > 0)
                await self._still(session)
                await portal.fault("down")
                sender.quota.allow(total)
                await sending
                await self._until(session, lambda counts: counts["accepted"] >= total)
                self._report.before = await _counts(session)
            await hub.kill()
        self._report.acknowledged = len(sender.history.acknowledged)
        return sender

    async def _move(self, installed: Installed, shared: Shared) -> None:
        """Move it, look that the old home stays shut, and let the configuration name the new one."""
        to = ("--log", f"kafka://{shared.broker.bootstrap}", "--store", shared.store_url)
        arguments = ("--config", str(installed.folder), *to)
        self._report.removal = await remove(arguments, self._folder, self._chance, self._kills, self._kill_within_s)
        if len(self._report.removal.kills) < self._kills:
            self._report.flaws.append(f"it was killed {len(self._report.removal.kills)} times only")
        said = await refused("run", installed.folder, self._folder / "hub-refused.log")
        if "this home has moved to kafka://" not in said:
            self._report.flaws.append(f"the old home does not say that it has moved: {said[-300:]}")
        for key, value in (("log", to[1]), ("store", to[3]), ("keys", to[3])):
            replace_value(installed.folder / "hub.yaml", key, value)

    async def _deliver(self, installed: Installed, fleet: Fleet, first: Sender, second: Sender) -> None:
        """Open the new home, repeat some requests, send what follows, and wait until all is delivered."""
        await fleet.add("api", "api-1", installed.address)
        await fleet.add("worker", "worker-1")
        async with second.session() as session:
            sample = self._load.early(self._chance.sample(self._load.good, min(REPEATS, len(self._load.good))))
            self._report.flaws.extend([flaw async for flaw in first.repeated(session, sample)])
            second.quota.allow(len(self._load.good))
            await second.run()
            owed = _owed(self._load.good)
            await self._until(session, lambda counts: counts["delivered"] >= owed)
            self._report.after = await _counts(session)
            first.history.acknowledged.update(second.history.acknowledged)
            told: Told = await read_timelines(session, self._load.good, first.history)
        self._report.flaws.extend(told.flaws)
        dead = len(self._load.dead)
        if (self._report.before["dead"], self._report.after["dead"], self._report.after["delivered"]) != (
            dead,
            dead,
            owed,
        ):
            self._report.flaws.append(f"expected are {dead} dead before and after the move, and {owed} delivered")

    def _acknowledged(self, *senders: Sender) -> dict[tuple[str, int], str]:
        """Return what was acknowledged of dossiers that arrive."""
        good = {one.code for one in self._load.good}
        return {at: each for one in senders for at, each in one.history.acknowledged.items() if at[0] in good}

    async def _judge(self, portal: Remote) -> None:
        rows = [row async for row in portal.rows()]
        self._report.verdict = verdict(rows, [expected(one) for one in self._load.good], STATE_FIELDS, PROGRESS_FIELDS)
        self._report.check = check(rows, self._load.good)

    async def _until(self, session: aiohttp.ClientSession, reached: Any) -> None:
        async with asyncio.timeout(self._settle_s_max):
            while not reached(await _counts(session)):  # noqa: ASYNC110 - another process reaches it
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _still(self, session: aiohttp.ClientSession, waiting_max: int | None = None) -> None:
        """Return when nothing has moved for a while, so that no call is under way: then an outage leaves no doubt."""
        since_s, last = time.monotonic(), Counter[str]()
        async with asyncio.timeout(self._settle_s_max):
            while last["in_flight"] or time.monotonic() - since_s < _STILL_S:
                await asyncio.sleep(_LOOK_EVERY_S)
                counts = await _counts(session)
                if counts != last or (waiting_max is not None and counts["waiting"] > waiting_max):
                    since_s, last = time.monotonic(), counts

    async def _timed(self, what: str, work: Any) -> Any:
        started_s = time.monotonic()
        done = await work
        self._report.times_s[what] = time.monotonic() - started_s
        return done


async def _counts(session: aiohttp.ClientSession) -> Counter[str]:
    """Return the portal's counts by state, and how much was accepted."""
    async with session.get("/v1/overview") as answer:
        told: dict[str, Any] = await answer.json()
    found: Counter[str] = Counter(accepted=told["accepted"])
    for one in told["platforms"]:
        if one["platform"] == "national_portal":
            found.update({state: number for state, number in one.items() if isinstance(number, int)})
    return found


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()) if number)


def _listed_s(times_s: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {time_s:.1f} s" for name, time_s in times_s.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.migrate_run")
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--messages", type=int, default=5000, help="accepted before the move")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--delivered", type=int, default=33, metavar="PERCENT", help="less is filled more quickly")
    parser.add_argument("--keep", type=Path, help="a folder for everything that is written, in place of a passing one")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        folder = options.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        one = MigrateRun(options.seed, options.messages, options.kills, options.delivered, folder)
        report = asyncio.run(one.run())
    sys.stdout.write(report.table() + "\n")
    return 1 if list(report.judge()) else 0


if __name__ == "__main__":
    sys.exit(main())
