"""Two doors and two workers on Kafka and PostgreSQL: `python -m tests.chaos.fleet_run --seed N --dossiers D --blows B`.

Workers and doors are killed, frozen beyond their session, rolled and joined by a third; the broker is away once. What
was acknowledged is counted in the portal's ledger, the status events are read from the start, and one table says what
came of it.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from hub.app.homes import declared
from hub.log.kafka_topics import ensure_topics
from hub.settings import load as load_settings
from hub.settings.sections import Profile
from ops.kafka.broker import Broker
from ops.sandbox.remote import Remote
from ops.sandbox.verdict import verdict
from tests.chaos.check import check
from tests.chaos.fleet import Fleet
from tests.chaos.fleet_plan import Blow, blows
from tests.chaos.load import PROGRESS_FIELDS, STATE_FIELDS, dossier
from tests.chaos.read_model import judge_counts, read_timelines, settled
from tests.chaos.rebuilt import judge_rebuilt
from tests.chaos.report import Report
from tests.chaos.run import expected, log_events
from tests.chaos.sender import Sender
from tests.chaos.status_events import judge_events, read_events
from tests.contracts.postgres_server import PostgresServer
from tests.e2e.installation import install, replace_value
from tests.e2e.processes import reserved_port, sandboxes

STATES = 4
SESSION_S = 6.0
RUN_S_MAX = 1500.0
_SETTLE_S_MAX = 180.0
_CHANGES = {"first_s": "0.2", "max_s": "2", "profile": "demo", "session_timeout_s": f"{SESSION_S:g}"}


@dataclass(frozen=True, slots=True)
class Shared:
    """The log and the store that all processes share."""

    broker: Broker
    store_url: str
    keys_url: str


@asynccontextmanager
async def shared_homes(folder: Path) -> AsyncIterator[Shared]:
    """Start a broker and a PostgreSQL server of our own."""
    broker, server = Broker(folder / "kafka"), PostgresServer()
    try:
        (folder / "kafka").mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(server.start)
        await broker.start()
        store = await asyncio.to_thread(server.create)
        yield Shared(broker, store, store)
    finally:
        await broker.stop()
        await asyncio.to_thread(server.remove)


async def run(seed: int, dossiers: int, count: int, broker_away_s: float, folder: Path) -> tuple[Report, list[str]]:
    """Send, strike, settle, judge. Everything that was written stays in `folder`."""
    started_s = time.monotonic()
    load = [replace(one, states=one.states[:STATES]) for one in (dossier(seed, at) for at in range(1, dossiers + 1))]
    plan = blows(seed, count, broker=broker_away_s > 0)
    async with asyncio.timeout(RUN_S_MAX), AsyncExitStack() as stack:
        homes = await stack.enter_async_context(shared_homes(folder))
        ports = [stack.enter_context(reserved_port()) for _ in range(2)]
        boxes = await stack.enter_async_context(sandboxes(folder / "sandbox", seed))
        portal = await stack.enter_async_context(Remote(boxes.portal_control))
        installed = install(folder / "installation", boxes.platforms, ports[0], _addresses(homes) | _CHANGES)
        replace_value(installed.folder / "platforms" / "national_portal.yaml", "concurrency_max", "32")
        await ensure_topics(
            homes.broker.bootstrap, declared(load_settings(installed.folder, environ={}).hub), Profile.DEMO
        )
        fleet = Fleet(installed, folder, stack)
        doors = [f"http://127.0.0.1:{port}" for port in ports]
        for number, door in enumerate(doors, 1):
            await fleet.add("api", f"api-{number}", door)
            await fleet.add("worker", f"worker-{number}")
        watching = asyncio.create_task(fleet.watch())
        sender = Sender(installed, load, doors)
        states = STATES * dossiers
        sender.quota.allow(states)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(sender.run())
            await _strike(fleet, homes.broker, plan, broker_away_s)
            await sending
        sent_s = time.monotonic()
        async with sender.session() as session:
            counts = await settled(session, states, _SETTLE_S_MAX)
            told = await read_timelines(session, load, sender.history)
            told.flaws.extend(judge_counts(counts, load))
        told.flaws.extend(judge_events(await read_events(homes.broker.bootstrap), sender.history.acknowledged))
        settled_s = time.monotonic()
        watching.cancel()
        await fleet.end()
        told.flaws.extend(fleet.flaws)
        told.flaws.extend(await judge_rebuilt(installed.folder))
        rows = [row async for row in portal.rows()]
        summary = await portal.summary()
    report = Report(
        seed=seed,
        dossiers=dossiers,
        endings=(),
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
    return report, [f"{blow.kind} (after {blow.after_s:.1f} s)" for blow in plan]


def _addresses(homes: Shared) -> dict[str, str]:
    return {"log": f"kafka://{homes.broker.bootstrap}", "store": homes.store_url, "keys": homes.keys_url}


async def _strike(fleet: Fleet, broker: Broker, plan: Sequence[Blow], broker_away_s: float) -> None:
    for blow in plan:
        await asyncio.sleep(blow.after_s)
        await _fall(fleet, broker, blow, broker_away_s)


async def _fall(fleet: Fleet, broker: Broker, blow: Blow, broker_away_s: float) -> None:
    worker, api = f"worker-{blow.member + 1}", f"api-{blow.member + 1}"
    match blow.kind:
        case "kill worker":
            await fleet.kill(worker)
        case "freeze worker":
            await fleet.freeze(worker, SESSION_S + 4)
        case "roll worker":
            await fleet.roll(worker)
        case "join and leave":
            await fleet.add("worker", "worker-3")
            await asyncio.sleep(5)
            await fleet.remove("worker-3")
        case "kill api":
            await fleet.kill(api)
        case "roll api":
            await fleet.roll(api)
        case "broker away":
            await broker.stop()
            await asyncio.sleep(broker_away_s)
            await broker.start()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.fleet_run")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--dossiers", type=int, default=5000)
    parser.add_argument("--blows", type=int, default=16)
    parser.add_argument("--broker-away", type=float, default=90.0, metavar="SECONDS")
    parser.add_argument("--keep", type=Path, help="a folder for everything that is written, in place of a passing one")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        folder = options.keep or Path(passing)
        folder.mkdir(parents=True, exist_ok=True)
        report, plan = asyncio.run(run(options.seed, options.dossiers, options.blows, options.broker_away, folder))
    sys.stdout.write("\n".join(["what befell it: " + "; ".join(plan), report.table()]) + "\n")
    return 1 if report.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
