"""Two doors and two workers on Kafka and PostgreSQL, struck in turn: nothing lost, doubled, out of order or untold."""

import os
import sys
from pathlib import Path

import pytest

from tests.chaos.fleet_run import STATES, run

SEED = int(os.environ.get("CHAOS_SEED", "4"))
DOSSIERS = 250
BLOWS = 7
BROKER_AWAY_S = 12.0


@pytest.mark.chaos
@pytest.mark.timeout(600)
async def test_a_fleet_survives_kills_freezes_and_a_broker_that_is_away(tmp_path: Path) -> None:
    """Every kind of blow once, judged by the portal's ledger and the topic of events; the long run: make chaos."""
    report, blows = await run(SEED, DOSSIERS, BLOWS, BROKER_AWAY_S, tmp_path)
    sys.stdout.write("; ".join(blows) + "\n" + report.table() + "\n")

    assert [] == report.flaws
    assert STATES * DOSSIERS == len(report.history.acknowledged) == report.verdict.states.effects
    assert any(blow.startswith("broker away") for blow in blows)
