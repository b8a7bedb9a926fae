"""Kill -9 at named points and at random moments: nothing lost, nothing doubled, nothing out of order."""

import os
import sys
from pathlib import Path

import pytest

from tests.chaos.run import run

SEED = int(os.environ.get("CHAOS_SEED", "6"))
DOSSIERS = 2000
KILLS = 20


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_twenty_kills_lose_double_and_reorder_nothing(tmp_path: Path) -> None:
    """2,000 dossiers with 5 states each through 20 kills of the hub, judged by the portal's own ledger."""
    report = await run(SEED, DOSSIERS, KILLS, tmp_path)
    sys.stdout.write(report.table() + "\n")

    assert [] == report.flaws
    assert KILLS == len(report.endings)
    assert KILLS // 2 <= sum(1 for ending in report.endings if ending.life.crash and not ending.instead)
    assert 5 * DOSSIERS == len(report.history.acknowledged) == report.verdict.states.effects
    assert report.requests["TraCuuHoSo"] > 0
