"""The report: what was doubled must have been announced, at the portal and at EMC alike."""

from collections import Counter

import pytest

from ops.sandbox.verdict import Finding, Tally, Verdict
from tests.chaos.check import Check, Part
from tests.chaos.history import History
from tests.chaos.lookups import Lookups
from tests.chaos.read_model import Told
from tests.chaos.report import Report

PART: Part = ("H56.14-260901-00001", 2, 0)
TWICE = Tally(expected=5, effects=6, doubled=(Finding(PART[0], ("2", "1", "0")),))


def _report(
    check: Check, tracking: Check, told: Told, lookups: Lookups | None = None, tally: Tally | None = None
) -> Report:
    return Report(
        home="embedded",
        seed=1,
        dossiers=1,
        endings=(),
        befell=(),
        history=History(),
        verdict=Verdict(Tally(), Tally()),
        check=check,
        tracking=tally or Tally(),
        tracking_check=tracking,
        lookups=lookups or Lookups(),
        asides=(),
        told=told,
        log_events=Counter(),
        requests={},
        sending_s=1.0,
        settling_s=1.0,
        total_s=2.0,
    )


def test_what_was_doubled_and_announced_is_no_flaw() -> None:
    """Each by its own announcement."""
    told = Told(possibly_doubled={PART}, possibly_twice={PART})
    report = _report(Check(doubled={PART}), Check(doubled={PART}), told, tally=TWICE)

    assert [] == report.flaws
    assert "EMC events doubled: 1; the hub says possibly: 1" in report.table()


@pytest.mark.parametrize("announced", [Told(), Told(possibly_doubled={PART})])
def test_an_event_that_was_doubled_unannounced_is_a_flaw(announced: Told) -> None:
    """Nor does the announcement of a part of progress stand for one of EMC."""
    assert [f"{PART[0]} revision 2: EMC was told twice, and the hub does not say so"] == _report(
        Check(), Check(doubled={PART}), announced, tally=TWICE
    ).flaws


def test_a_lost_event_and_a_lookup_without_audit_are_flaws() -> None:
    """What the judges of EMC and of the lookups find is found by the report."""
    lost = Tally(expected=1, lost=(Finding(PART[0], ("2", "1", "0")),))
    report = _report(Check(), Check(flaws=["no event"]), Told(), Lookups(flaws=["no audit"]), lost)

    assert ["1 effects of EMC events are lost", "no event", "no audit"] == report.flaws
