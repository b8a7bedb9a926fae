"""The pure decisions of the reconciliation."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hub.ingress.message_ids import MessageIds
from hub.pipeline.message_ids import is_message_id
from hub.pipeline.reconciliation import (
    Asker,
    Seen,
    cause_of,
    covers,
    days_back,
    first_id,
    follows_of,
    new_run,
    platform_suspect,
)
from hub.pipeline.rulings import ruling_id
from hub.ports import DeliveryId
from schemas.reconciliation import Cause, Follows, ReconciliationOrder, RunState
from tests.clock import ManualClock
from tests.fakes.reconciliations import POLICY, Asked

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
"""03:00 on 23 November in Viet Nam."""
DELIVERY = DeliveryId("019aa8f2-5d00-7000-8000-000000000001", "national_portal.dossier_sync", 0)


@pytest.mark.parametrize(
    ("seen", "cause"),
    [
        (Seen(known=True), None),
        (Seen(known=False), Cause.MISSING),
        (Seen(known=False, readable=False), Cause.MISSING),
        (Seen(known=True, readable=False), Cause.NOT_COMPARABLE),
        (Seen(known=True, differing=["GhiChu"]), Cause.DIFFERENT_CONTENT),
        (Seen(known=True, differing=["GhiChu"], earlier=True), Cause.OLDER),
        (Seen(known=True, differing=["TrangThaiHoSo"], same_status=False, earlier=True), Cause.OLDER),
        (Seen(known=True, differing=["TrangThaiHoSo"], same_status=False), Cause.FOREIGN),
        (Seen(known=True, differing=["TrangThaiHoSo"], same_status=False, remembered=False), Cause.NOT_COMPARABLE),
    ],
)
def test_every_difference_has_one_cause(seen: Seen, cause: Cause | None) -> None:
    """What the hub no longer remembers is not called foreign."""
    assert cause is cause_of(seen)


@pytest.mark.parametrize("cause", Cause)
def test_only_what_is_lacking_is_sent_again(cause: Cause) -> None:
    """And only when the hub can still read it."""
    lacking = cause in (Cause.MISSING, Cause.OLDER)

    assert (Follows.TO_RESEND if lacking else Follows.NEEDS_PERSON) is follows_of(cause, sendable=True)
    assert Follows.NEEDS_PERSON is follows_of(cause, sendable=False)


@pytest.mark.parametrize(
    ("compared", "lacking", "percent_max", "suspect"),
    [
        (1, 1, 20, False),
        (9, 9, 20, False),
        (10, 10, 20, True),
        (50, 10, 20, False),
        (49, 10, 20, True),
        (10, 10, None, False),
    ],
)
def test_a_share_says_something_from_ten_on(
    compared: int, lacking: int, percent_max: int | None, suspect: bool
) -> None:
    """The bound itself is within it; None is a person's word."""
    assert suspect is platform_suspect(compared, lacking, percent_max)


def test_the_first_id_of_a_moment_is_before_all_of_that_moment() -> None:
    """And behind all ids of earlier ones."""
    clock = ManualClock(NOW)
    at = MessageIds(clock).make()
    before = MessageIds(ManualClock(NOW - timedelta(milliseconds=1))).make()

    assert before < first_id(NOW) < at


def test_a_ruling_keeps_its_id() -> None:
    """Per run and delivery; it is a message id of the time of the run."""
    made = ruling_id("r-1", NOW, DELIVERY)

    assert made == ruling_id("r-1", NOW, DELIVERY)
    assert is_message_id(made)
    assert made.startswith(first_id(NOW))
    assert 3 == len({made, ruling_id("r-2", NOW, DELIVERY), ruling_id("r-1", NOW, DeliveryId(*_other()))})


def _other() -> tuple[str, str, int]:
    return DELIVERY.message_id, DELIVERY.operation, 1


def test_days_begin_at_midnight_in_viet_nam() -> None:
    """Seven hours before they do in UTC."""
    assert datetime(2026, 11, 14, 17, 0, tzinfo=UTC) == days_back(NOW, 8)


@pytest.mark.parametrize(
    ("agency", "code", "meant"),
    [
        ("", "H56.14-261122-0001", True),
        ("H56", "H56.14-261122-0001", True),
        ("H56.14", "000.00.14.H56-261122-0001", True),
        ("H56.15", "H56.14-261122-0001", False),
        ("H56.14", "H56-261122-0001", False),
    ],
)
def test_an_agency_means_those_below_it(agency: str, code: str, meant: bool) -> None:
    """None means all."""
    assert meant is covers(agency, code)


def test_an_order_without_a_word_is_the_policy() -> None:
    """The days back, but for the last minutes."""
    run = new_run("r", ReconciliationOrder(), Asker("hub/reconciliation"), Asked(), POLICY, NOW)

    assert (datetime(2026, 11, 14, 17, 0, tzinfo=UTC), NOW - timedelta(minutes=15)) == (run.since, run.until)
    assert (2.0, 30_000, 100, 20, False, RunState.WAITING, "") == (
        run.calls_per_s,
        run.calls_max,
        run.resend_max,
        run.lacking_percent_max,
        run.dry_run,
        run.state,
        run.agency,
    )


def test_what_an_order_says_holds() -> None:
    """`resend_max` is a person's word, which lifts the share."""
    order = ReconciliationOrder(since=date(2026, 11, 1), dry_run=True, calls_per_s=0.5, calls_max=7, resend_max=3)

    run = new_run("r", order, Asker("H56/van-hanh", "H56"), Asked(), POLICY, NOW)

    assert (datetime(2026, 10, 31, 17, 0, tzinfo=UTC), True, 0.5, 7, 3, None, "H56/van-hanh", "H56") == (
        run.since,
        run.dry_run,
        run.calls_per_s,
        run.calls_max,
        run.resend_max,
        run.lacking_percent_max,
        run.by,
        run.agency,
    )


def test_one_dossier_is_meant_whenever_it_was_received() -> None:
    """Up to this moment; by its canonical code."""
    order = ReconciliationOrder(dossier="000.00.14.H56-261122-0001")

    run = new_run("r", order, Asker("H56/van-hanh", "H56"), Asked(), POLICY, NOW)

    assert ("H56.14-261122-0001", NOW) == (run.dossier, run.until)
    assert run.since < datetime(2000, 1, 1, tzinfo=UTC)


def test_a_day_that_has_just_begun_is_no_period_that_ends_before_it_begins() -> None:
    """An empty one, at most."""
    early = datetime(2026, 11, 22, 17, 5, tzinfo=UTC)

    run = new_run("r", ReconciliationOrder(since=date(2026, 11, 23)), Asker("a"), Asked(), POLICY, early)

    assert run.since == run.until
