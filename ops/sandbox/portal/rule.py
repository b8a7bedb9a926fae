"""Rules for single values: each takes a text and returns what is wrong with it, in Vietnamese, or None."""

import re
from collections.abc import Callable
from datetime import datetime

Rule = Callable[[str], str | None]

_STAMP_LENGTH = 14


def text(length_max: int = 4000) -> Rule:
    """Any text up to a length, empty included."""

    def check(value: str) -> str | None:
        return f"dài quá {length_max} ký tự" if len(value) > length_max else None

    return check


def choice(*known: str) -> Rule:
    """One of the known codes."""
    codes = frozenset(known)
    problem = f"phải là một trong {', '.join(known)}"

    def check(value: str) -> str | None:
        return None if value in codes else problem

    return check


def pattern(expression: str, says: str) -> Rule:
    """A text that an expression matches from end to end."""
    matches = re.compile(expression, re.ASCII).fullmatch

    def check(value: str) -> str | None:
        return None if matches(value) else says

    return check


def stamp(value: str) -> str | None:
    """Check a moment as `yyyyMMddHHmmss` on the 24-hour clock, or empty when unknown."""
    if not value:
        return None
    if len(value) != _STAMP_LENGTH or not (value.isascii() and value.isdigit()):
        return "phải có dạng yyyyMMddHHmmss"
    try:
        datetime(  # noqa: DTZ001  # only whether such a moment exists
            int(value[:4]), int(value[4:6]), int(value[6:8]), int(value[8:10]), int(value[10:12]), int(value[12:])
        )
    except ValueError:
        return "không phải thời điểm có thật (yyyyMMddHHmmss, giờ 00-23)"
    return None


def url(value: str) -> str | None:
    """Check the address of a file; the bytes themselves are not sent."""
    return None if value.startswith(("https://", "http://")) and len(value) <= 2000 else "phải là địa chỉ http(s)"  # noqa: PLR2004  # assumed
