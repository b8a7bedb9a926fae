"""Numbers and times as people in Viet Nam read them, in either language."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hub.console.language import Language

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_VI = str.maketrans(",.", ".,")
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Instant:
    """A time for machines (ISO 8601, UTC) and for people (Asia/Ho_Chi_Minh)."""

    iso: str
    shown: str


def number(value: float, language: Language, decimals: int = 0) -> str:
    """Return 1.234.567,5 in Vietnamese and 1,234,567.5 in English."""
    text = f"{value:,.{decimals}f}"
    return text.translate(_VI) if language is Language.VI else text


def instant(moment: datetime, language: Language) -> Instant:
    """Return a time to the second: 14:45:35 22/11/2026, or 22 Nov 2026, 14:45:35."""
    local = moment.astimezone(ZONE)
    if language is Language.VI:
        shown = f"{local:%H:%M:%S %d/%m/%Y}"
    else:
        shown = f"{local.day} {_MONTHS[local.month - 1]} {local:%Y, %H:%M:%S}"
    return Instant(f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", shown)


def duration(length_s: float, language: Language) -> str:
    """Return a length of time in the unit that suits it: 0,42 giây, 12 phút, 3 giờ, 2 ngày."""
    vi = language is Language.VI
    if length_s < _MINUTE_S:
        return f"{number(max(0.0, length_s), language, 2)} {'giây' if vi else 's'}"
    for unit_s, name_vi, name_en in ((_DAY_S, "ngày", "d"), (_HOUR_S, "giờ", "h"), (_MINUTE_S, "phút", "min")):
        if length_s >= unit_s:
            return f"{number(int(length_s // unit_s), language)} {name_vi if vi else name_en}"
    return ""
