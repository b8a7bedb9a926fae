"""A province moves house and is killed on the way: nothing lost, nothing repeated, nobody's receipt forgotten."""

import sys
from pathlib import Path

import pytest

from tests.chaos.migrate_run import MigrateRun

SEED = 9
MESSAGES = 300
KILLS = 2
DELIVERED_PERCENT = 33


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_a_home_that_is_killed_while_it_moves_arrives_whole(tmp_path: Path) -> None:
    """What is delivered, waits, or is dead, alike; a longer run: `python -m tests.chaos.migrate_run`."""
    report = await MigrateRun(SEED, MESSAGES, KILLS, DELIVERED_PERCENT, tmp_path).run()
    sys.stdout.write(report.table() + "\n")

    assert [] == list(report.judge())
    assert MESSAGES == report.acknowledged
    assert report.verdict is not None
    assert report.before["delivered"] < report.after["delivered"]
