"""Pydantic's findings in the words of the contract: which field broke which rule. Values are never repeated."""

from collections.abc import Sequence

from pydantic_core import ErrorDetails

from hub.errors import BrokenRule
from hub.ingress.json_place import ROOT, safe_name
from schemas.problem import RULES

FIELDS_MAX = 50
"""How many broken rules one answer names."""

_RULES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "url_too_long": "too_long",
    "string_pattern_mismatch": "pattern",
    "enum": "choice",
    "literal_error": "choice",
    "greater_than": "range",
    "greater_than_equal": "range",
    "less_than": "range",
    "less_than_equal": "range",
    "finite_number": "range",
    "int_parsing_size": "range",
    "int_from_float": "type",
    "timezone_aware": "offset",
    "timezone_offset": "offset",
    "string_unicode": "control_character",
    "url_type": "type",
}
_FAMILIES = (("url_", "url"), ("date", "date"), ("time", "date"))


def broken_rules(problems: Sequence[ErrorDetails]) -> list[BrokenRule]:
    """Return one broken rule per finding, at most `FIELDS_MAX`, in the order of the model's fields."""
    return [BrokenRule(_path(problem["loc"]), _rule(problem)) for problem in problems[:FIELDS_MAX]]


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(step) if isinstance(step, int) else safe_name(step) for step in loc) or ROOT


def _rule(problem: ErrorDetails) -> str:
    kind = problem["type"]
    if kind == "value_error":
        said = str(problem["ctx"]["error"])
        return said if said in RULES else "invalid"
    if kind in _RULES:
        return _RULES[kind]
    if kind.endswith("_type"):
        return "type"
    return next((rule for prefix, rule in _FAMILIES if kind.startswith(prefix)), "invalid")
