"""Times and days as platforms write them: local time of Viet Nam, 24 hours, nothing for what is unknown.

Viet Nam has one zone and no summer time; text without an offset is local time.
"""

from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

_STAMP_DIGITS = 14
_DAY_DIGITS = 8


def stamp(at: datetime | None) -> str:
    """Write an aware time as `yyyyMMddHHmmss`, Asia/Ho_Chi_Minh, fractions of a second dropped; None as ""."""
    if at is None:
        return ""
    at = at.astimezone(local_zone())
    return f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}{at.second:02}"


def read_stamp(text: str) -> datetime | None:
    """Read what `stamp` writes; UTC. ValueError("stamp") for anything else, a day that does not exist included."""
    if not text:
        return None
    if not _is_number(text, _STAMP_DIGITS):
        raise ValueError("stamp")
    month, day, hour, minute, second = (int(text[start : start + 2]) for start in range(4, 14, 2))
    try:
        return datetime(int(text[:4]), month, day, hour, minute, second, tzinfo=local_zone()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("stamp") from None


def compact_day(on: date | None) -> str:
    """Write a day as `yyyyMMdd`; None as ""."""
    return "" if on is None else f"{on.year:04}{on.month:02}{on.day:02}"


def read_compact_day(text: str) -> date | None:
    """Read what `compact_day` writes. ValueError("day") for anything else, a day that does not exist included."""
    if not text:
        return None
    if not _is_number(text, _DAY_DIGITS):
        raise ValueError("day")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ValueError("day") from None


@cache
def local_zone() -> ZoneInfo:
    """Return the zone of all platforms."""
    return ZoneInfo("Asia/Ho_Chi_Minh")


def _is_number(text: str, digits: int) -> bool:
    return len(text) == digits and text.isascii() and text.isdigit()
