"""When a platform wants to be called again: Retry-After (RFC 9110, section 10.2.3), in seconds or as a date."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_ASKS = frozenset({429, 503})
_DIGITS_MAX = 9


def retry_after_s(status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a 429 or 503 asks for; None for other replies, and for what cannot be read.

    A date is compared with the platform's own clock (header Date) where it shows one: only the difference matters.
    """
    told = headers.get("retry-after", "").strip()
    if status not in _ASKS or not told:
        return None
    if told.isascii() and told.isdigit():
        return float(told) if len(told) <= _DIGITS_MAX else None
    until, now = _moment(told), _moment(headers.get("date", "")) or datetime.now(UTC)
    return None if until is None else max(0.0, (until - now).total_seconds())


def whole_s(seconds: float | None) -> int | None:
    """Return the seconds as an error of the hub carries them: whole ones, rounded up."""
    return None if seconds is None else math.ceil(seconds)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
