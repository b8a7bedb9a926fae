"""One run: `python -m tests.chaos.run --seed N --dossiers D --kills K` prints one table, and ends with 1 on a flaw."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import orjson

from ops.sandbox.remote import Remote
from ops.sandbox.verdict import Expected, verdict
from tests.chaos.check import check
from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.load import PROGRESS_FIELDS, STATE_FIELDS, STATES, Dossier, dossier
from tests.chaos.plan import plan
from tests.chaos.read_model import Told, judge_counts, read_timelines, settled
from tests.chaos.rebuilt import judge_rebuilt
from tests.chaos.report import Report
from tests.chaos.sender import Sender
from tests.chaos.supervisor import Supervisor
from tests.chaos.wall_clock import WallClock
from tests.chaos.weather import set_in
from tests.chaos.world import World
from tests.e2e.installation import install, replace_value
from tests.e2e.processes import reserved_port, sandboxes
from tests.e2e.scarce_disk import LimitedDisk, ScarceDisk, scarce_disk

RUN_S_MAX = 540.0
_SETTLE_S_MAX = 90.0
_REPEATS = 50
_CHANGES = {"first_s": "0.2", "max_s": "2", "disk_free_bytes_min": "1048576"}
"""Of `hub.yaml`: short waits between tries keep the run short."""
_PATIENCE = {"concurrency_max": "64\ncircuit_open_max_s: 2", "plain_http": "true\n    read_timeout_s: 5"}
"""Of the portal: so do short waits between probes, and for replies."""


async def run(seed: int, dossiers: int, kills: int, folder: Path) -> Report:
    """Send, kill, settle, judge. Everything that was written stays in `folder`."""
    started_s = time.monotonic()
    load = [dossier(seed, number) for number in range(1, dossiers + 1)]
    async with asyncio.timeout(RUN_S_MAX), AsyncExitStack() as stack:
        port = stack.enter_context(reserved_port())
        boxes = await stack.enter_async_context(sandboxes(folder / "sandbox", seed))
        portal = await stack.enter_async_context(Remote(boxes.portal_control))
        world = await stack.enter_async_context(_world(seed, folder, portal, boxes.platforms.portal))
        platforms = replace(boxes.platforms, portal=world.road.address)
        installed = install(folder / "installation", platforms, port, _CHANGES | {"home": str(world.disk.folder)})
        for key, value in _PATIENCE.items():
            replace_value(installed.folder / "platforms" / "national_portal.yaml", key, value)
        supervisor = Supervisor(installed, world, folder)
        sender = Sender(installed, load)
        await set_in(portal, seed)
        quota = sender.quota
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(sender.run())
            states = STATES * dossiers
            await supervisor.run(plan(seed, kills, states // (kills + 1)), quota, states)
            last = await stack.enter_async_context(supervisor.last_life())
            await sending
        sent_s = time.monotonic()
        await portal.clear_faults()
        told = await _settle(sender, load, seed)
        settled_s = time.monotonic()
        if (code := await last.stop()) != 0:
            told.flaws.append(f"the stop in the end came to {code}: {last.tail()}")
        told.flaws.extend(await judge_rebuilt(installed.folder))
        rows = [row async for row in portal.rows()]
        summary = await portal.summary()
    return Report(
        seed=seed,
        dossiers=dossiers,
        endings=supervisor.endings,
        history=sender.history,
        verdict=verdict(rows, [expected(one) for one in load], STATE_FIELDS, PROGRESS_FIELDS),
        check=check(rows, load),
        told=told,
        log_events=log_events(folder),
        requests=summary["requests"],
        sending_s=sent_s - started_s,
        settling_s=settled_s - sent_s,
        total_s=time.monotonic() - started_s,
    )


@asynccontextmanager
async def _world(seed: int, folder: Path, portal: Remote, address: str) -> AsyncIterator[World]:
    """Put a road before the portal, and a disk that can be filled under the hub: its own one for every other seed."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    road = FaultProxy((host, int(port)))
    await road.open()
    try:
        with _disk(seed, folder / "home") as disk:
            yield World(portal, road, disk, WallClock(folder / "wall-clock"))
    finally:
        await road.aclose()


@contextmanager
def _disk(seed: int, folder: Path) -> Iterator[ScarceDisk]:
    if seed % 2 == 0:
        with scarce_disk(folder) as disk:
            yield disk
    else:
        folder.mkdir()
        yield LimitedDisk(folder)


async def _settle(sender: Sender, load: Sequence[Dossier], seed: int) -> Told:
    """Wait until nothing is under way, repeat some requests, and ask the hub what it knows."""
    async with sender.session() as session:
        repeated = [
            flaw
            async for flaw in sender.repeated(session, Random(f"{seed}:repeats").sample(load, min(_REPEATS, len(load))))
        ]
        counts = await settled(session, STATES * len(load), _SETTLE_S_MAX)
        told = await read_timelines(session, load, sender.history)
    told.flaws.extend([*repeated, *judge_counts(counts, load)])
    return told


def expected(one: Dossier) -> Expected:
    """Return what the portal's ledger should hold of a dossier."""
    rows = tuple(mark for state in one.states for part in state.parts for mark in part)
    return Expected(one.wire_code, tuple(state.mark for state in one.states), rows)


def log_events(folder: Path) -> Counter[str]:
    """Count what the hubs logged as warnings and errors; a line that was cut by a kill is passed over."""
    events: Counter[str] = Counter()
    for file in folder.glob("hub-*.log"):
        for line in file.read_bytes().splitlines():
            try:
                told = orjson.loads(line)
            except orjson.JSONDecodeError:
                events["unreadable line"] += not line.startswith(b"{")
                continue
            if told["level"] != "info":
                events[told["event"]] += 1
    return +events


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run")
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--dossiers", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="a folder for everything that is written, in place of a passing one")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        folder = options.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        report = asyncio.run(run(options.seed, options.dossiers, options.kills, folder))
    sys.stdout.write(report.table() + "\n")
    return 1 if report.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
