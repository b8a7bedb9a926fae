"""The event of a dossier, field by field.

Known: names and codes. Assumed: that all fields are mandatory and no others are taken, that SiteId is a number and the
codes are texts, all lengths, and the form of CodeTTHC.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import orjson

Rule = Callable[[object], str | None]
"""Takes a value and returns what is wrong with it, never the value itself; None when it is in order."""

_NATIONAL_CODE = re.compile(r"(\d{3}\.\d{2}\.\d{2}\.[GHK]\d{2}|[A-Z]\d{2}(\.\d{1,3}){0,3})-\d{6}-\d{4,}", re.ASCII)
_PROCEDURE = re.compile(r"\d\.\d{6}(\.[0-9A-Z]{2,3}){0,5}", re.ASCII)
_ENTERPRISE_DIGITS = 10
_PERSON_DIGITS = (9, 12)
_IDENTITY_CHARS_MAX = 64


def problem_of(document: Mapping[str, Any]) -> str | None:
    """Say what is wrong with an event, naming the field; None when it is in order."""
    if missing := FIELDS.keys() - document.keys():
        return f"Trường {min(missing)}: bắt buộc"
    if unknown := document.keys() - FIELDS.keys():
        return f"Trường {min(unknown)[:50]}: không có trong đặc tả"
    for name, rule in FIELDS.items():
        if (problem := rule(document[name])) is not None:
            return f"Trường {name}: {problem}"
    return None


def _text(length_max: int) -> Rule:
    def check(value: object) -> str | None:
        if not isinstance(value, str) or not value.strip():
            return "phải là chuỗi và không để trống"
        return f"dài quá {length_max} ký tự" if len(value) > length_max else None

    return check


def _choice(*known: str) -> Rule:
    def check(value: object) -> str | None:
        return None if isinstance(value, str) and value in known else f"phải là một trong {', '.join(known)} (chuỗi)"

    return check


def _pattern(expression: re.Pattern[str], says: str) -> Rule:
    def check(value: object) -> str | None:
        return None if isinstance(value, str) and expression.fullmatch(value) else says

    return check


def _number(value: object) -> str | None:
    return None if type(value) is int and value >= 0 else "phải là số nguyên không âm"


def _user(value: object) -> str | None:
    """A JSON text with exactly four texts; the type of a bare number follows from its digits."""
    try:
        person = orjson.loads(value) if isinstance(value, str) else None
    except orjson.JSONDecodeError:
        person = None
    if not isinstance(person, dict) or not all(isinstance(one, str) for one in person.values()):
        return "phải là chuỗi JSON của một đối tượng gồm các chuỗi"
    if person.keys() != {"ID_local", "ID_QG", "TYPE", "LOCATION"}:
        return "phải có đúng ID_local, ID_QG, TYPE, LOCATION"
    if max(len(person["ID_local"]), len(person["ID_QG"])) > _IDENTITY_CHARS_MAX or not person["LOCATION"]:
        return "ID_local, ID_QG quá dài, hoặc LOCATION để trống"
    return _type_problem(person)


def _type_problem(person: Mapping[str, str]) -> str | None:
    if person["TYPE"] not in ("1", "2"):
        return "TYPE phải là 1 hoặc 2"
    for number in (person["ID_local"], person["ID_QG"]):
        if not (number.isascii() and number.isdigit()):
            continue
        wanted = {_ENTERPRISE_DIGITS: "1", **dict.fromkeys(_PERSON_DIGITS, "2")}.get(len(number))
        if wanted not in (None, person["TYPE"]):
            return "TYPE không khớp với số định danh"
    return None


FIELDS: Mapping[str, Rule] = MappingProxyType(
    {
        "CodeProfile": _text(128),
        "SiteId": _number,
        "CodeTTHC": _pattern(_PROCEDURE, "không đúng dạng mã thủ tục"),
        "NameTTHC": _text(1000),
        "MaHoSo": _pattern(_NATIONAL_CODE, "không đúng dạng mã hồ sơ quốc gia"),
        "Status": _choice("0", "1", "2", "3", "4"),
        "FormsReception": _choice("1", "2"),
        "FormsPayments": _choice("0", "1", "2"),
        "Level": _choice("0", "1", "3", "4"),
        "IsFromDVCQG": _choice("0", "1"),
        "IsDVCBC": _choice("0", "1", "2"),
        "User": _user,
    }
)
"""All fields of an event with their rules."""
