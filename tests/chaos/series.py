"""Many runs, one after the other: `python -m tests.chaos.series --home embedded --seeds 1-10`; 1 when one has a flaw.

Each run adds its row to the table of docs/guarantees.md (or `--into`). A run that fails is noted like the others, its
folder is kept (`--failed`), and the series goes on.
"""

import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.__main__ import options, play
from tests.chaos.machine import machine
from tests.chaos.report import Report

TABLE = Path(__file__).parents[2] / "docs" / "guarantees.md"
BEGIN, END = "<!-- runs: begin -->", "<!-- runs: end -->"
HEAD = (
    "| home | seed | messages | kills | lost | doubled | reordered | invented | stuck | asked an operator "
    "| append calls doubled, announced as possible | seconds | when (UTC), commit | machine | came to "
    "| events at EMC doubled, announced as possible | lookups answered, asked | status events |"
)
RULE = "|" + " --- |" * 18


def row(report: Report, commit: str) -> str:
    """Return what came of a run as one row of the table."""
    states = report.verdict.states
    tallies = (states, report.verdict.progress, report.tracking)
    sums = {sort: sum(len(getattr(one, sort)) for one in tallies) for sort in ("lost", "reordered", "invented")}
    cells = (
        report.home,
        report.seed,
        len(report.history.acknowledged),
        report.kills,
        sums["lost"],
        len(states.doubled),
        sums["reordered"],
        sums["invented"],
        report.told.stuck,
        report.told.asked,
        f"{len(report.check.doubled)}, {len(report.told.possibly_doubled)}",
        f"{report.total_s:.0f}",
        f"{_stamp()}, {commit}",
        machine(),
        f"{len(report.flaws)} flaws" if report.flaws else "clean",
        f"{len(report.tracking_check.doubled)}, {len(report.told.possibly_twice)}",
        f"{report.lookups.data}, {report.lookups.answers.total()}",
        report.told.events,
    )
    return _line(cells)


def failed_row(home: str, seed: int, error: BaseException, commit: str) -> str:
    """Return the row of a run that came to no report."""
    came_to = f"no report: {type(error).__name__}"
    return _line((home, seed, *[""] * 10, f"{_stamp()}, {commit}", machine(), came_to, *["-"] * 3))


def append(table: Path, line: str) -> None:
    """Put a row at the end of the table between the markers. ValueError when they are not there."""
    text = table.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ValueError(f"{table} has no table between {BEGIN} and {END}")
    before, rest = text.split(BEGIN)
    rows, after = rest.split(END)
    lines = rows.strip().splitlines() or [HEAD, RULE]
    table.write_text(f"{before}{BEGIN}\n" + "\n".join([*lines, line]) + f"\n{END}{after}", encoding="utf-8")


def seeds(text: str) -> list[int]:
    """Read `1-10` or `3,5,8-9`. ValueError when it is something else."""
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.extend(range(int(first), int(last or first) + 1))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the runs."""
    parser = options()
    parser.add_argument("--seeds", type=seeds, required=True, help="such as 1-10 or 3,5,8-9")
    parser.add_argument("--into", type=Path, default=TABLE, help="a Markdown file with the markers of the table")
    parser.add_argument("--failed", type=Path, default=Path(tempfile.gettempdir()) / "chaos-failed")
    told = parser.parse_args(arguments)
    commit, wrong = _commit(), 0
    for seed in told.seeds:
        folder = Path(tempfile.mkdtemp(prefix=f"chaos-{told.home}-{seed}-"))
        try:
            report = play(told.home, seed, told.messages, told.blows, folder, told.seconds)
        except Exception as error:  # noqa: BLE001 - the series goes on, whatever a run came to
            clean, line = False, failed_row(told.home, seed, error, commit)
            sys.stdout.write(traceback.format_exc())
        else:
            clean, line = not report.flaws, row(report, commit)
            sys.stdout.write(report.table() + "\n")
        append(told.into, line)
        wrong += not clean
        _put_away(folder, None if clean else told.failed / f"{told.home}-{seed}")
    sys.stdout.write(f"{len(told.seeds)} runs, {wrong} with flaws\n")
    return 1 if wrong else 0


def _put_away(folder: Path, kept: Path | None) -> None:
    if kept is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    shutil.rmtree(kept, ignore_errors=True)
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(folder, kept)
    sys.stdout.write(f"kept: {kept}\n")


def _commit() -> str:
    git = shutil.which("git")
    done = git and subprocess.run([git, "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True)
    return (done.stdout.strip() if done else "") or "unknown"


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M")


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


if __name__ == "__main__":
    sys.exit(main())
