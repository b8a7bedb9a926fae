"""Two doors and two workers on Kafka and PostgreSQL, struck in turn: nothing lost, doubled, out of order or untold."""

import os
import sys
from pathlib import Path

import pytest

from tests.chaos.__main__ import play
from tests.chaos.load import STATES

SEED = int(os.environ.get("CHAOS_SEED", "4"))
DOSSIERS = 200
KILLS = 6
RUN_S_MAX = 540.0


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_a_fleet_survives_kills_and_what_comes_with_them(tmp_path: Path) -> None:
    """Worker, door and broker are killed, judged by the portal's ledger and the topic of events; longer: make chaos."""
    report = play("shared", SEED, STATES * DOSSIERS, KILLS, tmp_path, RUN_S_MAX)
    sys.stdout.write(report.table() + "\n")

    assert [] == report.flaws
    assert STATES * DOSSIERS == len(report.history.acknowledged) == report.verdict.states.effects
    assert KILLS == len(report.befell)
