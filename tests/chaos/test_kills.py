"""Kill -9 at named points and at random moments: nothing lost, nothing doubled, nothing out of order."""

import os
import sys
from pathlib import Path

import pytest

from tests.chaos.__main__ import play
from tests.chaos.load import STATES

SEED = int(os.environ.get("CHAOS_SEED", "6"))
DOSSIERS = 600
KILLS = 10
RUN_S_MAX = 540.0


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_kills_lose_double_and_reorder_nothing(tmp_path: Path) -> None:
    """600 dossiers with 5 states each through 10 kills of the hub, judged by the portal's own ledger."""
    report = play("embedded", SEED, STATES * DOSSIERS, KILLS, tmp_path, RUN_S_MAX)
    sys.stdout.write(report.table() + "\n")

    assert [] == report.flaws
    assert KILLS == len(report.endings)
    assert KILLS // 2 <= sum(1 for ending in report.endings if ending.life.crash and not ending.instead)
    assert STATES * DOSSIERS == len(report.history.acknowledged) == report.verdict.states.effects
    assert report.requests["TraCuuHoSo"] > 0
