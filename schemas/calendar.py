"""The working time of an agency as data: hours of the week, cut-off times, holidays, and days that changed places.

Sources: Bộ luật Lao động 45/2019/QH14, Điều 111 and 112, for weekly rest and holidays; which days Tết and Quốc khánh
take, and which days change places, is announced every year.
"""

import re
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from schemas.dossier import ProcedureCode
from schemas.model import ConfigModel
from schemas.moment import YEARS, Day
from schemas.text import Name

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_SATURDAY = 5


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise ValueError("must be a time of day such as 07:30")
    return time.fromisoformat(value)


def _in_years(day: date) -> date:
    if day.year not in YEARS:
        raise ValueError("range")
    return day


ClockTime = Annotated[time, BeforeValidator(_clock)]
"""A time of day in Vietnam, `07:30`."""

CalendarDay = Annotated[Day, AfterValidator(_in_years)]
"""A day, such as `2026-09-02`, in the years that the hub can reckon with."""


class Session(ConfigModel):
    """Work without a break; it begins at `opens` and is over at `closes`. Written `07:00-11:30`."""

    opens: ClockTime
    closes: ClockTime

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        opens, dash, closes = (part.strip() for part in value.partition("-"))
        if not (dash and _CLOCK.fullmatch(opens) and _CLOCK.fullmatch(closes)):
            raise ValueError("must be two times of day such as 07:00-11:30")
        return {"opens": opens, "closes": closes}

    @model_validator(mode="after")
    def _forwards(self) -> "Session":
        if self.closes <= self.opens:
            raise ValueError("must close after it opens")
        return self


def _apart(sessions: tuple[Session, ...]) -> tuple[Session, ...]:
    for earlier, later in pairwise(sessions):
        if later.opens <= earlier.closes:
            raise ValueError("the hours must stand in order, with a break between them")
    return sessions


Sessions = Annotated[tuple[Session, ...], Field(max_length=8), AfterValidator(_apart)]
"""The hours of one day, in order; what lies between them is the lunch break."""


class Week(ConfigModel):
    """The hours of each weekday; none on a day of rest."""

    monday: Sessions = ()
    tuesday: Sessions = ()
    wednesday: Sessions = ()
    thursday: Sessions = ()
    friday: Sessions = ()
    saturday: Sessions = ()
    sunday: Sessions = ()

    @model_validator(mode="after")
    def _some(self) -> "Week":
        if not any(self.days):
            raise ValueError("some day must have hours")
        return self

    @property
    def days(self) -> tuple[tuple[Session, ...], ...]:
        """The hours from Monday to Sunday."""
        return self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday


class Holiday(ConfigModel):
    """A day on which nobody works, compensatory days of rest included."""

    day: CalendarDay
    name: Name


class Swap(ConfigModel):
    """Two days that changed places (hoán đổi): `off` is free, and `worked` has its hours instead."""

    off: CalendarDay
    worked: CalendarDay

    @field_validator("off")
    @classmethod
    def _weekday(cls, day: date) -> date:
        if day.weekday() >= _SATURDAY:
            raise ValueError("must be a day from Monday to Friday")
        return day

    @field_validator("worked")
    @classmethod
    def _weekend(cls, day: date) -> date:
        if day.weekday() < _SATURDAY:
            raise ValueError("must be a Saturday or a Sunday")
        return day


class ProcedureCutoff(ConfigModel):
    """A procedure with a cut-off time of its own."""

    procedure: ProcedureCode
    cutoff_time: ClockTime


class Calendar(ConfigModel):
    """`calendar.yaml`. What is received after the cut-off time counts from the next working day; none means closing.

    Up to `decided_to`, that day included, all holidays have been announced; what is reckoned beyond it is provisional.
    """

    hours: Week
    cutoff_time: ClockTime | None = None
    procedure_cutoffs: Annotated[tuple[ProcedureCutoff, ...], Field(max_length=20_000)] = ()
    decided_to: CalendarDay
    holidays: Annotated[tuple[Holiday, ...], Field(max_length=2_000)] = ()
    swaps: Annotated[tuple[Swap, ...], Field(max_length=500)] = ()
