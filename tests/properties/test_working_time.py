"""Whatever the calendar: working time adds up, never runs backwards, and never ends outside hours."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.pipeline.working_time import WorkingTime
from schemas.calendar import Calendar
from tests.fakes.calendar_2026 import WEEKDAYS, calendar

WEEKS = st.sampled_from(
    [
        dict.fromkeys(WEEKDAYS, ("07:00-11:30", "13:30-17:00")),
        {**dict.fromkeys(WEEKDAYS, ("07:30-11:30", "13:00-17:00")), "saturday": ("07:30-11:30",)},
        {"tuesday": ("08:00-10:00", "10:15-12:00", "14:00-23:59")},
    ]
)
DAYS = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Calendars of 2026 with any holidays, and swaps between week and weekend."""
    free = draw(st.lists(DAYS, unique=True, max_size=30))
    swaps = draw(st.lists(st.tuples(DAYS, DAYS), max_size=5))
    written: list[dict[str, Any]] = [
        {"off": off, "worked": worked} for off, worked in swaps if off.weekday() < 5 <= worked.weekday()
    ]
    return calendar(hours=draw(WEEKS), holidays=[{"day": day, "name": "x"} for day in free], swaps=written)


TIMES = calendars().map(WorkingTime)
MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone given beside
BUDGETS = st.timedeltas(timedelta(0), timedelta(hours=400))
SOME = st.timedeltas(timedelta(microseconds=1), timedelta(hours=400))


@given(TIMES, MOMENTS, BUDGETS, SOME)
def test_budgets_add_up(time: WorkingTime, start: datetime, first: timedelta, then: timedelta) -> None:
    """Two budgets one after the other end where their sum does."""
    assert time.after_hours(start, first + then) == time.after_hours(time.after_hours(start, first), then)


@given(TIMES, MOMENTS, BUDGETS)
def test_the_time_between_gives_the_budget_back(time: WorkingTime, start: datetime, budget: timedelta) -> None:
    """From the start to the deadline lies exactly the budget."""
    assert budget == time.between(start, time.after_hours(start, budget))


@given(TIMES, MOMENTS, MOMENTS, MOMENTS)
def test_spans_add_up(time: WorkingTime, one: datetime, two: datetime, three: datetime) -> None:
    """A span is the sum of its parts, wherever it is divided; it is never longer than the clock says."""
    assert time.between(one, three) == time.between(one, two) + time.between(two, three)
    assert timedelta(0) <= time.between(min(one, two), max(one, two)) <= abs(two - one)


@given(TIMES, MOMENTS, MOMENTS, BUDGETS, BUDGETS, st.integers(0, 60))
def test_later_and_longer_is_never_earlier(
    time: WorkingTime, one: datetime, two: datetime, some: timedelta, more: timedelta, days: int
) -> None:
    """A later start, and a larger budget, end no earlier."""
    one, two, (some, more) = min(one, two), max(one, two), sorted((some, more))
    assert time.after_hours(one, some) <= time.after_hours(two, some)
    assert time.after_hours(one, some) <= time.after_hours(one, more)
    assert time.after_days(one, days) <= time.after_days(two, days)
    assert time.after_days(one, days) < time.after_days(one, days + 1)
    assert time.term(one, days) <= time.term(two, days)
    assert time.counted_from(one) <= time.counted_from(two)


@given(TIMES, MOMENTS, SOME, st.integers(0, 60))
def test_a_deadline_lies_within_hours(time: WorkingTime, start: datetime, budget: timedelta, days: int) -> None:
    """A deadline is a moment of work, or the closing of a session; the next working moment is one of work."""
    tick = timedelta(microseconds=1)
    assert time.is_working(time.after_hours(start, budget) - tick)
    due = time.after_days(start, days)
    assert time.is_working(due) or time.is_working(due - tick)
    begun = time.next_working(start)
    assert time.is_working(begun)
    assert start <= begun
    assert timedelta(0) == time.between(start, begun)


@settings(max_examples=20)
@given(TIMES, MOMENTS, st.integers(1, 3 * 24 * 60))
def test_the_closed_form_is_what_counting_minutes_gives(time: WorkingTime, start: datetime, minutes: int) -> None:
    """The span is the number of its minutes in which somebody works."""
    start = start.replace(second=0, microsecond=0)
    worked = sum(time.is_working(start + timedelta(minutes=number)) for number in range(minutes))
    assert timedelta(minutes=worked) == time.between(start, start + timedelta(minutes=minutes))
