"""Maintenance windows as an operator writes them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.maintenance import Maintenance

DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def test_hours_and_times_are_vietnamese() -> None:
    """Without an offset a time is local; hours may pass midnight."""
    maintenance = Maintenance.model_validate(
        {
            "weekly": [{"days": ["saturday"], "hours": "22:00-02:00"}],
            "dated": [{"begins": "2026-12-05T22:00", "ends": "2026-12-06T04:00+07:00"}],
        }
    )
    assert range(1320, 1560) == maintenance.weekly[0].hours.minutes
    assert datetime(2026, 12, 5, 15, 0, tzinfo=UTC) == maintenance.dated[0].begins
    assert datetime(2026, 12, 5, 21, 0, tzinfo=UTC) == maintenance.dated[0].ends


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ({"weekly": [{"days": DAYS, "hours": "00:00-00:00"}]}, "leave no time at all"),
        (
            {"weekly": [{"days": DAYS, "hours": "06:00-18:00"}, {"days": DAYS, "hours": "17:00-06:00"}]},
            "leave no time at all",
        ),
        ({"weekly": [{"days": [], "hours": "06:00-18:00"}]}, "at least 1"),
        ({"weekly": [{"days": ["sonntag"], "hours": "06:00-18:00"}]}, "monday"),
        ({"weekly": [{"days": ["sunday"], "hours": "06:00"}]}, "two times of day"),
        ({"weekly": [{"days": ["sunday"], "hours": "06:00-24:30"}]}, "time of day"),
        ({"dated": [{"begins": "2026-12-05T22:00", "ends": "2026-12-05T22:00"}]}, "must end after it begins"),
        ({"dated": [{"begins": "2026-12-05T22:00", "ends": "2027-03-05T22:00"}]}, "within 31 days"),
        ({"dated": [{"begins": "05/12/2026", "ends": "2026-12-06T04:00"}]}, "must be a time"),
    ],
)
def test_nonsense_is_refused(windows: dict[str, Any], words: str) -> None:
    """Windows that are always, never or nowhere."""
    with pytest.raises(ValidationError, match=words):
        Maintenance.model_validate(windows)


def test_one_minute_of_the_week_is_enough() -> None:
    """A platform that is open for a minute a week is open sometimes."""
    hours = [{"days": DAYS, "hours": "00:00-12:00"}, {"days": DAYS, "hours": "12:00-23:59"}]
    assert 2 == len(Maintenance.model_validate({"weekly": hours}).weekly)
