"""Outcomes judged by table, and what follows from them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import NotSent, PlatformFault, RefusedUs, ReplyLost, ReplyUnreadable
from hub.pipeline.classify import classify, classify_fault
from hub.pipeline.decide import (
    Backoff,
    Decision,
    Moment,
    Patience,
    after_inquiry,
    after_send,
    given_up,
    may_double,
    still_in_doubt,
)
from hub.ports import DoubtRule, Effect, Finding, OutcomeRule, Reply
from schemas.delivery import DeliveryState, OutcomeClass

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
MOMENT = Moment(attempts=1, now=NOW, jitter=0.0, backoff=Backoff(first_s=2, max_s=60))
SOON = NOW + timedelta(seconds=0.2)

RULES = (
    OutcomeRule(OutcomeClass.REFUSED_US, http_status=(401, 403)),
    OutcomeRule(OutcomeClass.DELIVERED, code="0", text="thành công"),
    OutcomeRule(OutcomeClass.ALREADY_THERE, text="đã tồn tại"),
)


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(200, "0", "Đồng bộ THÀNH CÔNG"), OutcomeClass.DELIVERED),
        (Reply(200, "0", "Không hợp lệ"), OutcomeClass.UNKNOWN),
        (Reply(200, "7", "Hồ sơ đã tồn tại"), OutcomeClass.ALREADY_THERE),
        (Reply(403, "0", "thành công"), OutcomeClass.REFUSED_US),
        (Reply(500, "", ""), OutcomeClass.UNKNOWN),
    ],
)
def test_a_reply_is_judged_by_the_first_rule_that_fits(reply: Reply, expected: OutcomeClass) -> None:
    """Every condition of a rule must hold; what no rule knows may have acted."""
    assert expected is classify(reply, RULES)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (NotSent(), OutcomeClass.UNAVAILABLE),
        (ReplyLost(), OutcomeClass.UNKNOWN),
        (ReplyUnreadable(), OutcomeClass.UNKNOWN),
        (RefusedUs(), OutcomeClass.REFUSED_US),
    ],
)
def test_faults_of_the_road_are_told_apart(fault: PlatformFault, expected: OutcomeClass) -> None:
    """Only what certainly did not act counts as unavailable."""
    assert expected is classify_fault(fault)


@pytest.mark.parametrize(
    ("outcome", "rule", "expected"),
    [
        (OutcomeClass.DELIVERED, DoubtRule.INQUIRE, Decision(DeliveryState.DELIVERED)),
        (OutcomeClass.ALREADY_THERE, DoubtRule.RESEND, Decision(DeliveryState.DELIVERED)),
        (OutcomeClass.REFUSED_MESSAGE, DoubtRule.RESEND, Decision(DeliveryState.DEAD)),
        (OutcomeClass.REFUSED_US, DoubtRule.RESEND, Decision(DeliveryState.PARKED, SOON)),
        (OutcomeClass.UNAVAILABLE, DoubtRule.INQUIRE, Decision(DeliveryState.PARKED, SOON)),
        (OutcomeClass.UNKNOWN, DoubtRule.INQUIRE, Decision(DeliveryState.IN_DOUBT, SOON)),
        (OutcomeClass.UNKNOWN, DoubtRule.RESEND, Decision(DeliveryState.IN_DOUBT, SOON)),
        (OutcomeClass.UNKNOWN, DoubtRule.OPERATOR, Decision(DeliveryState.IN_DOUBT)),
    ],
)
def test_what_follows_from_a_send(outcome: OutcomeClass, rule: DoubtRule, expected: Decision) -> None:
    """A tenth of the first back-off is the least wait; doubt for the operator has no next try."""
    assert expected == after_send(outcome, rule, MOMENT)


def test_an_inquiry_ends_the_doubt_either_way() -> None:
    """Present is delivered; absent is sent next."""
    assert DeliveryState.DELIVERED is after_inquiry(Finding.PRESENT).state
    assert DeliveryState.WAITING is after_inquiry(Finding.ABSENT).state


@pytest.mark.parametrize(
    ("attempts", "jitter", "expected_s"),
    [(1, 0.0, 0.2), (1, 1.0, 2.0), (4, 0.0, 0.2), (4, 0.5, 8.1), (4, 1.0, 16.0), (99, 1.0, 60.0)],
)
def test_the_backoff_doubles_within_bounds(attempts: int, jitter: float, expected_s: float) -> None:
    """The ceiling is 2 s, doubled for each try, 60 s at most; jitter takes the wait from 0.2 s to the ceiling."""
    assert expected_s == pytest.approx(Backoff(first_s=2, max_s=60).delay_s(attempts, jitter))


def test_what_a_platform_asks_for_is_waited_for() -> None:
    """Retry-After holds where it is longer than the back-off, and nowhere else."""
    assert NOW + timedelta(seconds=90) == replace(MOMENT, wait_s=90).later
    assert SOON == replace(MOMENT, wait_s=0.1).later


@pytest.mark.parametrize(
    ("patience", "counted", "age_s", "expected"),
    [
        (Patience(), 1000, 1e9, False),
        (Patience(attempts_max=3), 2, 1e9, False),
        (Patience(attempts_max=3), 3, 0, True),
        (Patience(age_max_s=60), 1, 59, False),
        (Patience(age_max_s=60), 1, 60, True),
        (Patience(attempts_max=1, age_max_s=60), 0, 1e9, False),
    ],
)
def test_patience_ends_by_tries_or_by_age(patience: Patience, counted: int, age_s: float, expected: bool) -> None:
    """Without a try that speaks against the message nothing ends, however old it is."""
    assert expected is patience.exhausted(counted, age_s)


def test_what_is_given_up_is_dead_or_a_persons() -> None:
    """What certainly did not arrive can be replayed; of what may have arrived a person says what became of it."""
    assert Decision(DeliveryState.DEAD) == given_up(Decision(DeliveryState.PARKED, SOON))
    assert Decision(DeliveryState.IN_DOUBT) == given_up(Decision(DeliveryState.IN_DOUBT, SOON))


def test_only_appending_in_doubt_may_double() -> None:
    """The other effect classes have one effect, however often they are sent."""
    doubles = [effect for effect in Effect if may_double(effect, DoubtRule.RESEND)]

    assert [Effect.APPEND] == doubles
    assert not may_double(Effect.APPEND, DoubtRule.OPERATOR)


def test_a_send_in_doubt_that_did_not_arrive_leaves_the_doubt() -> None:
    """An earlier try may have arrived; what was taken, or refused for good, is certain."""
    assert Decision(DeliveryState.IN_DOUBT, SOON) == still_in_doubt(Decision(DeliveryState.PARKED, SOON))
    for certain in (DeliveryState.DELIVERED, DeliveryState.DEAD):
        assert Decision(certain) == still_in_doubt(Decision(certain))
