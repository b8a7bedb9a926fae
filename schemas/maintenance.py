"""When a platform is not to be called, as its operator announces it: every week, or once. Times are Vietnamese."""

import re
from datetime import datetime, time, timedelta, timezone
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from schemas.calendar import ClockTime
from schemas.model import ConfigModel
from schemas.moment import YEARS

VIETNAM = timezone(timedelta(hours=7))
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_DAY_MINUTES = 24 * 60
_LONGEST = timedelta(days=31)


class Weekday(StrEnum):
    """The days of the week, Monday first."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"

    @property
    def number(self) -> int:
        """0 for Monday, as in Python's dates."""
        return list(Weekday).index(self)


class Hours(ConfigModel):
    """From a time of day to another one, on the next day when that is not later. Written `22:00-02:00`."""

    begins: ClockTime
    ends: ClockTime

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        begins, dash, ends = (part.strip() for part in value.partition("-"))
        if not dash:
            raise ValueError("must be two times of day such as 22:00-02:00")
        return {"begins": begins, "ends": ends}

    @property
    def minutes(self) -> range:
        """Return the minutes since midnight of the first day; `00:00-00:00` is a whole day."""
        begins, ends = _minutes(self.begins), _minutes(self.ends)
        return range(begins, ends if ends > begins else ends + _DAY_MINUTES)


class WeeklyWindow(ConfigModel):
    """Maintenance that begins on these days of each week."""

    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)]
    hours: Hours


def _moment(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise ValueError("must be a time such as 2026-12-05T22:00")
    moment = datetime.fromisoformat(value)
    if moment.year not in YEARS:
        raise ValueError("range")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=VIETNAM)


class DatedWindow(ConfigModel):
    """Maintenance that is announced once, for a month at most."""

    begins: Annotated[datetime, BeforeValidator(_moment)]
    ends: Annotated[datetime, BeforeValidator(_moment)]

    @model_validator(mode="after")
    def _forwards(self) -> "DatedWindow":
        if not timedelta() < self.ends - self.begins <= _LONGEST:
            raise ValueError("must end after it begins, and within 31 days; switch the platform off for longer")
        return self


class Maintenance(ConfigModel):
    """The windows of one platform. Those of the week must leave some of it."""

    weekly: Annotated[tuple[WeeklyWindow, ...], Field(max_length=50)] = ()
    dated: Annotated[tuple[DatedWindow, ...], Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _open_sometimes(self) -> "Maintenance":
        closed = {
            (day.number * _DAY_MINUTES + minute) % (7 * _DAY_MINUTES)
            for window in self.weekly
            for day in window.days
            for minute in window.hours.minutes
        }
        if len(closed) == 7 * _DAY_MINUTES:
            raise ValueError("the weekly windows leave no time at all; switch the platform off with enabled: false")
        return self


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
