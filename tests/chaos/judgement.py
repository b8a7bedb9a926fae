"""From what was recorded to what is reported: the sender's history against the ledger of the portal."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from ops.sandbox.remote import Remote
from ops.sandbox.verdict import Expected, appended, verdict
from tests.chaos.asker import Asked
from tests.chaos.check import check, check_events
from tests.chaos.history import History
from tests.chaos.load import EVENT_FIELDS, PROGRESS_FIELDS, STATE_FIELDS, Dossier
from tests.chaos.lookups import Audited, judge_lookups
from tests.chaos.neighbours import Neighbours
from tests.chaos.read_model import Told
from tests.chaos.report import Report
from tests.chaos.supervisor import Ending


@dataclass(slots=True)
class Times:
    """When a run began, was sent and settled, on the steady clock."""

    began_s: float
    sent_s: float = 0.0
    settled_s: float = 0.0

    def sent(self) -> None:
        """Everything was acknowledged."""
        self.sent_s = time.monotonic()

    def settled(self) -> None:
        """Nothing is under way any more."""
        self.settled_s = time.monotonic()


async def judge(
    home: str,
    seed: int,
    load: Sequence[Dossier],
    portal: Remote,
    beside: Neighbours,
    folder: Path,
    *,
    history: History,
    told: Told,
    times: Times,
    asked: Sequence[Asked],
    audit: Sequence[Audited],
    endings: Sequence[Ending] = (),
    befell: Sequence[object] = (),
) -> Report:
    """Read the ledgers of the platforms and say what came of the run."""
    rows = [row async for row in portal.rows()]
    events = [row async for row in beside.emc.remote.rows()]
    calls = [row["key"].partition("_")[2] async for row in beside.population.remote.rows()]
    summary = await portal.summary()
    return Report(
        home=home,
        seed=seed,
        dossiers=len(load),
        endings=endings,
        befell=[str(blow) for blow in befell],
        history=history,
        verdict=verdict(rows, [expected(one) for one in load], STATE_FIELDS, PROGRESS_FIELDS),
        check=check(rows, load),
        tracking=appended(
            events, {one.wire_code: tuple(s.event for s in one.states) for one in load}, ("event",), EVENT_FIELDS
        ),
        tracking_check=check_events(events, load),
        lookups=judge_lookups(asked, audit, calls),
        asides=[str(one) for one in beside.plan],
        told=told,
        log_events=log_events(folder),
        requests=summary["requests"],
        sending_s=times.sent_s - times.began_s,
        settling_s=times.settled_s - times.sent_s,
        total_s=time.monotonic() - times.began_s,
    )


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
