"""What cannot arrive in time is expired; what may have arrived never is."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import ConfigInvalid
from hub.pipeline.catalogue import VIETNAM
from hub.pipeline.decide import Decision
from hub.pipeline.expiry import TimeLimits, too_late, within_limit
from hub.pipeline.working_time import WorkingTime
from schemas.delivery import DeliveryState
from tests.fakes.calendar_2026 import calendar

FRIDAY = datetime(2026, 8, 28, 16, tzinfo=VIETNAM)
LIMITS = TimeLimits(WorkingTime(calendar()), {"national_portal": timedelta(hours=2)})
LIMIT = datetime(2026, 9, 3, 1, tzinfo=UTC)
"""Two working hours after that Friday at 16:00, over the swapped Monday and Quốc khánh: 3 September, 08:00."""
SECOND = timedelta(seconds=1)


def test_an_operator_limits_by_working_hours() -> None:
    """The hours count from acceptance, while somebody works."""
    assert LIMIT == LIMITS.limit("national_portal", FRIDAY, None)


@pytest.mark.parametrize(("deliver_by", "limit"), [(LIMIT - SECOND, LIMIT - SECOND), (LIMIT + SECOND, LIMIT)])
def test_the_earlier_limit_holds(deliver_by: datetime, limit: datetime) -> None:
    """A sender can ask for less time than the operator gives, and not for more."""
    assert limit == LIMITS.limit("national_portal", FRIDAY, deliver_by)


def test_without_a_limit_nothing_expires() -> None:
    """Another platform has only the sender's limit; without that there is none, in a hundred years."""
    assert LIMITS.limit("emc", FRIDAY, LIMIT) == LIMIT
    assert LIMITS.limit("emc", FRIDAY, None) is None
    assert TimeLimits(None, {}).limit("national_portal", FRIDAY, None) is None
    assert not too_late(None, datetime(2100, 1, 1, tzinfo=UTC))


def test_working_hours_need_a_calendar() -> None:
    """Nothing is counted with invented holidays."""
    with pytest.raises(ConfigInvalid, match="need a calendar"):
        TimeLimits(None, {"national_portal": timedelta(hours=2)})


@pytest.mark.parametrize(("now", "late"), [(LIMIT - SECOND, False), (LIMIT, True), (LIMIT + SECOND, True)])
def test_a_send_must_begin_before_the_limit(now: datetime, late: bool) -> None:
    """What begins at the limit arrives after it."""
    assert late is too_late(LIMIT, now)


@pytest.mark.parametrize(
    ("decision", "after"),
    [
        (Decision(DeliveryState.PARKED, LIMIT - SECOND), Decision(DeliveryState.PARKED, LIMIT - SECOND)),
        (Decision(DeliveryState.PARKED, LIMIT), Decision(DeliveryState.EXPIRED)),
        (Decision(DeliveryState.PARKED, LIMIT + SECOND), Decision(DeliveryState.EXPIRED)),
        (Decision(DeliveryState.IN_DOUBT, LIMIT + SECOND), Decision(DeliveryState.IN_DOUBT, LIMIT + SECOND)),
        (Decision(DeliveryState.IN_DOUBT), Decision(DeliveryState.IN_DOUBT)),
        (Decision(DeliveryState.WAITING), Decision(DeliveryState.WAITING)),
        (Decision(DeliveryState.DELIVERED), Decision(DeliveryState.DELIVERED)),
        (Decision(DeliveryState.DEAD), Decision(DeliveryState.DEAD)),
    ],
)
def test_only_what_certainly_did_not_arrive_expires(decision: Decision, after: Decision) -> None:
    """Parked with no try left before the limit is expired; in doubt stays in doubt, and final stays final."""
    assert after == within_limit(decision, LIMIT)


def test_without_a_limit_a_decision_stands() -> None:
    """Parked is parked."""
    parked = Decision(DeliveryState.PARKED, LIMIT)
    assert parked == within_limit(parked, None)
