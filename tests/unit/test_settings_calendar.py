"""The calendar of an installation: what `hub init` writes, what may be missing, and what is refused with its line."""

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from hub.errors import ConfigInvalid
from hub.pipeline.catalogue import VIETNAM
from hub.pipeline.working_time import Budget, WorkingTime
from hub.settings import Installation, load
from hub.settings.founding import found
from tests.fakes.installation_folder import change, write_installation, write_secret

TEMPLATES = Path(__file__).parents[2] / "ops" / "config"
CALENDAR = """\
hours:
  monday:
    - 07:30-11:30
    - 13:00-17:00
  tuesday: [07:30-11:30]
cutoff_time: 16:00
procedure_cutoffs:
  - procedure: 1.001193
    cutoff_time: 15:00
decided_to: 2026-12-31
holidays:
  - day: 2026-09-02
    name: Quốc khánh
swaps:
  - off: 2026-08-31
    worked: 2026-08-22
"""


def _installation(folder: Path) -> Path:
    write_installation(folder)
    (folder / "calendar.yaml").write_text(CALENDAR, encoding="utf-8")
    return folder


@pytest.fixture
def founded(tmp_path: Path) -> Installation:
    """What `hub init` makes."""
    found(tmp_path / "hub", [TEMPLATES])
    return load(tmp_path / "hub", environ={})


def test_the_template_is_the_calendar_of_2026(founded: Installation) -> None:
    """249 days of 8 hours; 2026 is decided; what 2027 owes by law is there."""
    calendar = founded.calendar
    assert calendar is not None
    working = WorkingTime(calendar)
    year = [datetime(number, 1, 1, tzinfo=VIETNAM) for number in (2026, 2027)]
    assert timedelta(hours=249 * 8) == working.between(*year)
    assert working.is_decided(year[1] - timedelta(seconds=1))
    assert not working.is_decided(year[1])
    free_in_2027 = {holiday.day for holiday in calendar.holidays if holiday.day.year == 2027}
    assert {date(2027, 1, 1), date(2027, 2, 6), date(2027, 4, 16), date(2027, 5, 3), date(2027, 11, 24)} < free_in_2027


def test_the_template_knows_the_cutoff_of_same_day_procedures(founded: Installation) -> None:
    """A copy asked for on Monday at 15:01 is due on Wednesday: Tuesday 24 November is a holiday."""
    calendar = founded.calendar
    assert calendar is not None
    due = WorkingTime(calendar).deadline(datetime(2026, 11, 23, 15, 1, tzinfo=VIETNAM), Budget(), "2.000635")
    assert datetime(2026, 11, 25, 17, tzinfo=VIETNAM) == due


def test_a_calendar_is_read_from_text(tmp_path: Path) -> None:
    """Hours in block or flow style, times and days become what they are."""
    calendar = load(_installation(tmp_path / "hub"), environ={}).calendar
    assert calendar is not None
    monday = [(session.opens, session.closes) for session in calendar.hours.monday]
    assert [(time(7, 30), time(11, 30)), (time(13), time(17))] == monday
    assert (1, 0) == (len(calendar.hours.tuesday), len(calendar.hours.sunday))
    assert (time(16), date(2026, 12, 31)) == (calendar.cutoff_time, calendar.decided_to)
    assert [date(2026, 9, 2)] == [holiday.day for holiday in calendar.holidays]


def test_the_file_may_be_missing(tmp_path: Path) -> None:
    """Then there is no calendar, and nothing in its place."""
    assert load(write_installation(tmp_path / "hub"), environ={}).calendar is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "07:30-11:30\n",
            "07:30-17:30\n",
            "calendar.yaml:2: hours.monday: the hours must stand in order, with a break between them",
        ),
        (
            "13:00-17:00",
            "17:00-13:00",
            "calendar.yaml:4: hours.monday[1]: must close after it opens",
        ),
        (
            "13:00-17:00",
            "13h-17h",
            "calendar.yaml:4: hours.monday[1]: must be two times of day such as 07:00-11:30",
        ),
        ("  tuesday", "  tusday", "calendar.yaml:5: hours.tusday: unknown key — did you mean 'tuesday'?"),
        ("16:00", "24:00", "calendar.yaml:6: cutoff_time: must be a time of day such as 07:30"),
        ("decided_to: 2026-12-31\n", "", "calendar.yaml:1: decided_to: is required"),
        (
            "day: 2026-09-02",
            "day: 2026-09-31",
            "calendar.yaml:12: holidays[0].day: Not a real date or time, or not ISO 8601.",
        ),
        ("day: 2026-09-02", "day: 1926-09-02", "calendar.yaml:12: holidays[0].day: The value is out of range."),
        (
            "day: 2026-09-02",
            "day: 2026-08-31",
            "calendar.yaml:15: swaps[0].off: 2026-08-31 stands twice; first at calendar.yaml:12",
        ),
        (
            "    name: Quốc khánh\n",
            "    name: Quốc khánh\n  - day: 2026-09-02\n    name: Quốc khánh\n",
            "calendar.yaml:14: holidays[1].day: 2026-09-02 stands twice; first at calendar.yaml:12",
        ),
        ("off: 2026-08-31", "off: 2026-08-30", "calendar.yaml:15: swaps[0].off: must be a day from Monday to Friday"),
        (
            "worked: 2026-08-22",
            "worked: 2026-08-21",
            "calendar.yaml:16: swaps[0].worked: must be a Saturday or a Sunday",
        ),
        (
            "1.001193",
            "1.001194",
            (
                "calendar.yaml:8: procedure_cutoffs[0].procedure: 1.001194 is not in procedures.yaml"
                " — did you mean '1.001193'?"
            ),
        ),
        (
            "    cutoff_time: 15:00\n",
            "    cutoff_time: 15:00\n  - procedure: 1.001193\n    cutoff_time: 14:00\n",
            "calendar.yaml:10: procedure_cutoffs[1]: stands twice; first at calendar.yaml:8",
        ),
    ],
)
def test_each_mistake_has_file_line_and_key(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """A mistake in the calendar is the only problem, at its line."""
    folder = _installation(tmp_path / "hub")
    text = (folder / "calendar.yaml").read_text(encoding="utf-8")
    (folder / "calendar.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, environ={})
    assert problem == caught.value.hint


def test_hours_for_a_platform_need_a_calendar(tmp_path: Path) -> None:
    """Working hours cannot be counted without one, and that is said at the line that asks for it."""
    found(tmp_path / "hub", [TEMPLATES])
    folder = tmp_path / "hub"
    asked = "\nenabled: true\ndeliver_within_working_hours: 16\n"
    change(folder, "platforms/national_portal.yaml", "\nenabled: false\n", asked)
    write_secret(folder, "national-portal-password", "invented")
    (platform,) = (entry for entry in load(folder, environ={}).platforms if entry.name == "national_portal")
    assert 16 == platform.section.deliver_within_working_hours
    (folder / "calendar.yaml").unlink()
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, environ={})
    line = (folder / "platforms" / "national_portal.yaml").read_text(encoding="utf-8").split("\n")
    number = next(at for at, text in enumerate(line, start=1) if text.startswith("deliver_within"))
    assert (
        f"platforms/national_portal.yaml:{number}: deliver_within_working_hours: needs calendar.yaml,"
        " which is not there"
    ) == caught.value.hint
