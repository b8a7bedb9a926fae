"""Deadlines in Vietnamese working time, reckoned by hand for the calendar of 2026."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from hub.pipeline.catalogue import VIETNAM
from hub.pipeline.working_time import Budget, WorkingTime
from schemas.calendar import Calendar
from tests.fakes.calendar_2026 import WEEKDAYS, calendar

TIME = WorkingTime(calendar())


def at(text: str) -> datetime:
    """Return a moment in Vietnam in 2026, from `MM-DD HH:MM`."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=VIETNAM)


def hours(number: float) -> timedelta:
    """Return so many hours."""
    return timedelta(hours=number)


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("11-16 07:00", True),
        ("11-16 06:59", False),
        ("11-16 11:29", True),
        ("11-16 11:30", False),
        ("11-16 13:29", False),
        ("11-16 13:30", True),
        ("11-16 16:59", True),
        ("11-16 17:00", False),
        ("11-21 09:00", False),  # Saturday
        ("08-22 09:00", True),  # Saturday, worked for 31 August
        ("08-31 09:00", False),  # Monday, swapped away
        ("02-17 09:00", False),  # Tết
        ("11-24 09:00", False),  # Tuesday, Ngày Văn hóa Việt Nam
    ],
)
def test_work_happens_within_hours(moment: str, working: bool) -> None:
    """Opening belongs to a session and closing does not; holidays and swapped days are as announced."""
    assert working is TIME.is_working(at(moment))


@pytest.mark.parametrize(
    ("start", "budget_h", "due"),
    [
        ("11-16 08:00", 1, "11-16 09:00"),
        ("11-16 06:00", 1, "11-16 08:00"),  # before opening
        ("11-16 11:30", 1, "11-16 14:30"),  # at the break
        ("11-16 12:00", 1, "11-16 14:30"),  # in the break
        ("11-16 07:00", 4.5, "11-16 11:30"),  # used up at the break
        ("11-16 07:00", 8, "11-16 17:00"),  # used up at closing
        ("11-16 17:00", 1, "11-17 08:00"),  # at closing
        ("11-16 21:15", 1, "11-17 08:00"),  # after closing
        ("11-20 16:00", 2, "11-23 08:00"),  # over a weekend
        ("02-13 15:00", 8, "02-23 15:00"),  # over Tết: 2 h on Friday, 6 h on the Monday ten days later
        ("02-17 09:00", 1, "02-23 08:00"),  # received at Tết
        ("04-24 16:00", 2, "04-28 08:00"),  # Giỗ Tổ on a Sunday, its day of rest on Monday
        ("08-21 16:30", 1, "08-22 07:30"),  # into the Saturday that is worked
        ("08-22 16:30", 1, "08-24 07:30"),  # out of it
        ("08-28 16:00", 2, "09-03 08:00"),  # over the Monday that is free, and Quốc khánh
        ("11-16 08:00", 0, "11-16 08:00"),
        ("11-16 12:00", 0, "11-16 13:30"),
    ],
)
def test_hours_pass_only_while_somebody_works(start: str, budget_h: float, due: str) -> None:
    """A budget in hours crosses breaks, nights, weekends and holidays."""
    assert at(due) == TIME.after_hours(at(start), hours(budget_h))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("11-16 09:00", 1, "11-17 09:00"),
        ("11-23 14:00", 1, "11-25 14:00"),  # over 24 November
        ("02-13 09:00", 1, "02-23 09:00"),  # over Tết
        ("04-29 10:00", 1, "05-04 10:00"),  # over 30 April and 1 May
        ("08-21 10:00", 1, "08-22 10:00"),  # into the Saturday that is worked
        ("08-21 10:00", 2, "08-24 10:00"),
        ("08-28 10:00", 1, "09-03 10:00"),
        ("11-21 10:00", 1, "11-25 07:00"),  # received on a Saturday: counts from Monday's opening, over 24 November
    ],
)
def test_days_are_working_days(start: str, days: int, due: str) -> None:
    """A budget in days keeps the time of day; the day of the start is not counted."""
    assert at(due) == TIME.after_days(at(start), days)


@pytest.mark.parametrize(("start", "due"), [("11-18 15:00", "11-19 11:30"), ("11-18 09:00", "11-19 09:00")])
def test_a_short_day_ends_at_its_closing(start: str, due: str) -> None:
    """Where the last day has no such hour, its closing is the end."""
    week = {"wednesday": ("07:00-11:30", "13:30-17:00"), "thursday": ("08:00-11:30",)}
    assert at(due) == WorkingTime(calendar(hours=week)).after_days(at(start), 1)


@pytest.mark.parametrize(("start", "due"), [("11-18 11:30", "11-19 11:30"), ("11-18 11:45", "11-19 13:30")])
def test_a_longer_break_is_skipped(start: str, due: str) -> None:
    """Where the last day has a longer break, its edge is the end, and within it the next opening."""
    week = {"wednesday": ("07:00-12:00", "13:30-16:30"), "thursday": ("07:00-11:30", "13:30-17:00")}
    assert at(due) == WorkingTime(calendar(hours=week)).after_days(at(start), 1)


@pytest.mark.parametrize(
    ("start", "end", "expected_h"),
    [
        ("11-16 08:00", "11-16 09:30", 1.5),
        ("11-16 11:00", "11-16 14:00", 1),
        ("11-16 00:00", "11-23 00:00", 40),
        ("08-17 00:00", "08-24 00:00", 48),  # with the Saturday that is worked
        ("08-28 16:00", "09-03 08:00", 2),
        ("02-14 00:00", "02-23 00:00", 0),  # the nine days of Tết
        ("11-16 09:00", "11-16 08:00", -1),
        # 261 weekdays, less 12 holidays and 2 swapped away, plus 2 worked Saturdays
        ("01-01 00:00", "12-31 23:59", 249 * 8),
    ],
)
def test_the_time_between(start: str, end: str, expected_h: float) -> None:
    """Only working time counts; backwards it is below zero."""
    assert hours(expected_h) == TIME.between(at(start), at(end))


def test_times_come_with_any_offset_and_go_out_in_utc() -> None:
    """01:00 UTC is 08:00 in Vietnam; the answer is the same moment in UTC."""
    due = TIME.after_hours(datetime(2026, 11, 16, 1, tzinfo=UTC), hours(2))
    assert (datetime(2026, 11, 16, 3, tzinfo=UTC), UTC) == (due, due.tzinfo)


# --- dossiers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("received", "procedure", "due"),
    [
        ("11-16 15:00:00", "2.000635", "11-16 17:00"),
        ("11-16 15:00:01", "2.000635", "11-17 17:00"),
        ("11-20 15:01:00", "2.000635", "11-23 17:00"),
        ("11-16 16:30:00", "1.001193", "11-16 17:00"),  # no cut-off: closing
        ("11-16 17:30:00", "1.001193", "11-17 17:00"),
        ("11-21 09:00:00", "2.000635", "11-23 17:00"),
    ],
)
def test_a_same_day_result_after_the_cutoff_is_due_the_next_working_day(
    received: str, procedure: str, due: str
) -> None:
    """Procedure 2.000635 gives its result on the same day, when it was asked for at 15:00 or before (QĐ 1811)."""
    assert at(due) == TIME.deadline(at(received), Budget(), procedure)


def test_the_cutoff_of_the_calendar_is_for_every_other_procedure() -> None:
    """At 16:30, after 16:00, a day counts from Monday; with 24 November in between it ends on Wednesday."""
    time = WorkingTime(calendar(cutoff_time="16:00"))
    assert at("11-25 07:00") == time.deadline(at("11-20 16:30"), Budget(days=1), "1.001193")
    assert at("11-23 16:00") == time.deadline(at("11-20 16:00"), Budget(days=1), "1.001193")


def test_a_budget_of_days_and_hours() -> None:
    """Days first, then hours over the break."""
    assert at("11-18 14:00") == TIME.deadline(at("11-16 11:00"), Budget(days=2, hours=hours(1)))


def test_steps_follow_each_other() -> None:
    """Procedure 2.000908: steps of 2, 3, 2 and 1 hours (QĐ 663/QĐ-TTPVHCC)."""
    steps = TIME.step_deadlines(at("11-16 08:00"), [hours(number) for number in (2, 3, 2, 1)], "2.000908")
    assert (at("11-16 10:00"), at("11-16 15:00"), at("11-16 17:00"), at("11-17 08:00")) == steps


def test_what_was_announced_is_told_from_what_was_not() -> None:
    """The last announced day belongs to what is known."""
    assert TIME.is_decided(at("12-31 23:59"))
    assert not TIME.is_decided(at("12-31 23:59") + timedelta(minutes=1))


# --- mistakes of other systems ---------------------------------------------------------------------------------------


def test_mistake_received_on_a_day_of_rest_stays_on_that_day() -> None:
    """Elsewhere weekends are looked at only when a whole day is added: 4 h from Saturday 09:00 ended on Saturday."""
    assert at("11-23 11:00") == TIME.after_hours(at("11-21 09:00"), hours(4))
    assert at("11-25 11:00") == TIME.after_hours(at("11-24 09:00"), hours(4))


@pytest.mark.parametrize(("start", "due"), [("11-16 11:00", "11-16 14:00"), ("11-16 10:45", "11-16 13:45")])
def test_mistake_the_edge_of_the_lunch_break_drops_the_hour(start: str, due: str) -> None:
    """Elsewhere the remainder after the break was added without the hour that it started from."""
    assert at(due) == TIME.after_hours(at(start), hours(1))


def test_mistake_errors_end_in_the_year_one() -> None:
    """Elsewhere any error was swallowed, and the deadline lay in the year 0001: here it is told."""
    with pytest.raises(ValueError, match="offset"):
        TIME.after_hours(datetime(2026, 11, 16, 8), hours(1))  # noqa: DTZ001 - a time without an offset is the point
    for budget in (timedelta(hours=-1), timedelta(days=40_000)):
        with pytest.raises(ValueError, match="range"):
            TIME.after_hours(at("11-16 08:00"), budget)
    with pytest.raises(ValueError, match="range"):
        TIME.after_days(at("11-16 08:00"), 20_000)
    with pytest.raises(ValueError, match="range"):
        TIME.next_working(datetime(2101, 1, 1, tzinfo=UTC))
    with pytest.raises(ValueError, match="range"):
        Budget(days=-1)


def test_mistake_parts_of_days_are_cut_off_when_a_supplement_is_late() -> None:
    """Elsewhere 10 days and 14 hours counted as 10: a term of 10 days asked for on 1 June ends with 11 June."""
    end = TIME.term(at("06-01 10:00"), 10)
    assert at("06-12 00:00") == end
    assert at("06-11 23:59") <= end < at("06-12 00:01")


@pytest.mark.parametrize(
    ("since", "days", "end"),
    [
        ("11-19 10:00", 2, "11-24 00:00"),  # ends on a Saturday: Monday midnight
        ("11-19 10:00", 5, "11-26 00:00"),  # ends on 24 November: Wednesday midnight
        ("08-12 10:00", 10, "08-23 00:00"),  # ends on the Saturday that is worked
        ("08-21 10:00", 10, "09-04 00:00"),  # ends on the Monday that is free, before Quốc khánh
    ],
)
def test_a_term_in_calendar_days_ends_on_a_working_day(since: str, days: int, end: str) -> None:
    """A term that would end on a day of rest ends with the next working day (BLDS 2015, Điều 148)."""
    assert at(end) == TIME.term(at(since), days)


# --- the data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hours": {"monday": ("13:30-17:00", "07:00-11:30")}}, "must stand in order"),
        ({"hours": {"monday": ("07:00-11:30", "11:30-17:00")}}, "with a break between them"),
        ({"hours": {"monday": ("17:00-07:00",)}}, "must close after it opens"),
        ({"hours": {"monday": ("07:00-07:00",)}}, "must close after it opens"),
        ({"hours": {"monday": ("7-11",)}}, "two times of day such as 07:00-11:30"),
        ({"hours": {}}, "some day must have hours"),
        ({"cutoff_time": "25:00"}, "a time of day such as 07:30"),
        ({"swaps": [{"off": "2026-08-31", "worked": "2026-08-21"}]}, "must be a Saturday or a Sunday"),
        ({"swaps": [{"off": "2026-08-29", "worked": "2026-08-22"}]}, "must be a day from Monday to Friday"),
        ({"holidays": [{"day": "2126-01-01", "name": "x"}]}, "range"),
        ({"holidays": [{"day": "01/01/2026", "name": "x"}]}, "date"),
    ],
)
def test_a_calendar_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    """Hours in order, swaps between week and weekend, days that exist."""
    with pytest.raises(ValidationError, match=words):
        calendar(**changes)


def test_the_swapped_day_has_the_hours_of_the_day_it_stands_for() -> None:
    """31 August 2026 is a Monday; with a short Monday its Saturday is short, too, and that of a Friday is not."""
    week = {**dict.fromkeys(WEEKDAYS, ("07:00-11:30", "13:30-17:00")), "monday": ("08:00-10:00",)}
    made: Calendar = calendar(hours=week)
    assert hours(2) == WorkingTime(made).between(at("08-22 00:00"), at("08-23 00:00"))
    assert hours(8) == WorkingTime(made).between(at("01-10 00:00"), at("01-11 00:00"))
