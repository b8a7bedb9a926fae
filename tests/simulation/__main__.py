"""Plays seeds: `python -m tests.simulation --seeds 5000`. Prints failures as they come, and the pace."""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.quiet import quiet
from tests.simulation.rehearsal import rehearse

_CHUNK = 25


def main() -> int:
    """Play, and return how it ended: 0 when every seed kept its promises."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds")
    parser.add_argument("--first", type=int, default=0, help="the first one")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    begun_s, failures = time.monotonic(), 0
    with ProcessPoolExecutor(asked.processes, initializer=quiet) as pool:
        for failure in pool.map(rehearse, seeds, chunksize=_CHUNK):
            if failure is not None:
                failures += 1
                print(failure, flush=True)  # noqa: T201 - what the command is for
    took_s = time.monotonic() - begun_s
    print(f"{asked.seeds} seeds, {failures} failures, {took_s:.1f} s, {asked.seeds / took_s:.0f} seeds/s")  # noqa: T201 - the same
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
