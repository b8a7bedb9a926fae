"""Dates of birth on the wire of the population database: a day as yyyyMMdd, or only a year."""

import re
from datetime import date

from adapters.wire.times import compact_day, read_compact_day

_YEAR = re.compile(r"[12]\d{3}", re.ASCII)
_YEAR_OF_DAY = re.compile(r"([12]\d{3})(\d{2}00|00\d{2})", re.ASCII)


def wire_birth(day: date | None, year: int | None) -> dict[str, str]:
    """Return the content of NgayThangNamSinh: the day where it is known, else the year, four digits."""
    return {"Nam": f"{year:04}"} if day is None else {"NgayThangNam": compact_day(day)}


def read_birth(day: str, year: str) -> tuple[date | None, int | None]:
    """Return (day, None), (None, year) or (None, None) from NgayThangNam and Nam, "" where absent.

    A day wins over a year. "assumed": 00 for an unknown day or month, and a bare year in NgayThangNam, mean the year.
    ValueError for anything else, a day that contradicts the year included.
    """
    stated = _read_year(year)
    if bare := _YEAR.fullmatch(day) or _YEAR_OF_DAY.fullmatch(day):
        return None, _agreed(int(bare[0][:4]), stated)
    known = read_compact_day(day)
    if known is None:
        return None, stated
    _agreed(known.year, stated)
    return known, None


def _read_year(text: str) -> int | None:
    if not text:
        return None
    if not _YEAR.fullmatch(text):
        raise ValueError("birth")
    return int(text)


def _agreed(known: int, stated: int | None) -> int:
    """Return the year that both say."""
    if stated not in (known, None):
        raise ValueError("birth")
    return known
