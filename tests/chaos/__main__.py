"""`python -m tests.chaos --home embedded|shared --seed N --messages M --blows B`: one run, one table; 1 on a flaw.

A message is one state of a dossier. The seed decides what is sent, who is killed when, and what goes wrong beside it.
"""

import argparse
import secrets
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tests.chaos import fleet_run, run
from tests.chaos.load import STATES
from tests.chaos.report import Report
from tests.chaos.wall_clock import library

RUNS = {"embedded": run.run, "shared": fleet_run.run}
MESSAGES = 10_000
BLOWS = 30
RUN_S_MAX = 1500.0


def play(home: str, seed: int, messages: int, kills: int, folder: Path, run_s_max: float) -> Report:
    """Play one run with its files in `folder`. TimeoutError when it takes longer than it may."""
    folder.mkdir(parents=True, exist_ok=True)
    return uvloop.run(RUNS[home](seed, max(1, messages // STATES), kills, folder, run_s_max))


def options() -> argparse.ArgumentParser:
    """Return what every run can be told."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--home", choices=RUNS, default="embedded")
    parser.add_argument("--messages", type=int, default=MESSAGES, help="states of dossiers, five each")
    parser.add_argument("--blows", type=int, default=BLOWS, help="kills with SIGKILL; troubles come beside them")
    parser.add_argument("--seconds", type=float, default=RUN_S_MAX, help="the run fails when it takes longer")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once and print the table."""
    parser = options()
    parser.add_argument("--seed", type=int, help="without one it is drawn, and printed")
    parser.add_argument("--keep", type=Path, help="a folder for everything that is written, in place of a passing one")
    told = parser.parse_args(arguments)
    seed = secrets.randbelow(1_000_000) if told.seed is None else told.seed
    sys.stdout.write(f"chaos: --home {told.home} --seed {seed}\n")
    if library() is None:
        sys.stdout.write("libfaketime is missing (Debian: faketime): clocks do not jump in this run\n")
    with tempfile.TemporaryDirectory() as passing:
        report = play(told.home, seed, told.messages, told.blows, told.keep or Path(passing), told.seconds)
    sys.stdout.write(report.table() + "\n")
    return 1 if report.flaws else 0


if __name__ == "__main__":
    sys.exit(main())
