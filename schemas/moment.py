"""Days and times as senders write them: ISO 8601 text and nothing else.

Pydantic would read "946684800" as seconds since 1970; a sender who writes times as digits must hear of it instead.
"""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator

YEARS = range(2000, 2101)
"""The years in which something can happen to a dossier; also keeps conversions between offsets from overflowing."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?", re.ASCII | re.IGNORECASE
)


def _time(value: object) -> object:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError("date")
    try:
        return datetime.fromisoformat(value.upper())
    except ValueError:
        raise ValueError("date") from None


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("date")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError("date") from None


def _in_years(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError("range")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_years), BeforeValidator(_time)]
"""A time with an offset, such as `2026-11-22T08:00:00+07:00`."""

Day = Annotated[date, BeforeValidator(_day)]
"""A day, such as `2000-01-31`."""
