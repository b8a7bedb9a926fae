"""Builds of the hub that do one thing wrong, as real processes: the report of a run says which."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.report import Report
from tests.chaos.run import run

DOSSIERS = 6
QUIET_S = 8.0


def _sinning(sin: str, folder: Path) -> Report:
    return asyncio.run(run(11, DOSSIERS, 0, folder, 110.0, quiet_s=QUIET_S, sin=sin))


@pytest.mark.chaos
@pytest.mark.parametrize(
    ("sin", "sort"), [("drop", "lost"), ("double", "doubled"), ("swap", "reordered"), ("invent", "invented")]
)
def test_a_build_that_does_wrong_once_is_caught(sin: str, sort: str, tmp_path: Path) -> None:
    """One call among thirty: the column of its sort counts it, and the second judge names its dossier."""
    report = _sinning(f"{sin}:9", tmp_path)
    counts = report.verdict.states.counts()

    assert 1 <= counts[sort]
    assert 1 == len(report.check.flaws)
    assert 0 == report.told.stuck
    assert report.flaws


@pytest.mark.chaos
def test_a_build_that_never_finishes_a_call_is_caught(tmp_path: Path) -> None:
    """One call hangs for ever: it is stuck, and what waits behind it is lost so far."""
    report = _sinning("stick:9", tmp_path)

    assert 1 <= report.told.stuck
    assert 1 <= report.verdict.states.counts()["lost"]
    assert report.flaws


@pytest.mark.chaos
def test_the_same_run_without_a_sin_is_clean(tmp_path: Path) -> None:
    """What the others show comes from the sin."""
    assert [] == _sinning("", tmp_path).flaws
