"""Corrections: a JSON Merge Patch (RFC 7396) of a submission, and what it touches. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence

import orjson
from pydantic import JsonValue

from hub.errors import BrokenRule, Invalid
from schemas.delivery import PlannedDelivery
from schemas.dossier import DossierSubmission

Patch = dict[str, JsonValue]
Read = Callable[[bytes], DossierSubmission]
"""Reads a submission as the door does. Errors: Invalid."""
Check = Callable[[DossierSubmission], Sequence[BrokenRule]]
"""What a well-formed submission breaks, as acceptance sees it."""
Plan = Callable[[DossierSubmission], tuple[PlannedDelivery, ...]]

FIELDS_MAX = 50
_FIXED = ("code", "revision")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def merged(target: JsonValue, patch: JsonValue) -> JsonValue:
    """Return the target with the patch applied: null removes a member, what is no object replaces (RFC 7396, 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def fields_of(patch: Patch) -> tuple[str, ...]:
    """Return the dotted paths that a patch touches, the first of them; "?" stands for what could be data."""
    return tuple(sorted(_paths(patch)))[:FIELDS_MAX]


def differences(before: DossierSubmission, after: DossierSubmission) -> tuple[str, ...]:
    """Return the fields in which two submissions differ, a list as a whole."""
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    return tuple(_different(one, other))[:FIELDS_MAX]


class Corrector:
    """Applies corrections, and holds what comes out to everything that acceptance demands."""

    def __init__(self, read: Read, check: Check, plan: Plan) -> None:
        self._read = read
        self._check = check
        self._plan = plan

    def corrected(self, original: DossierSubmission, patch: Patch) -> DossierSubmission:
        """Return the corrected submission. Invalid when acceptance would not take it, or would owe something else."""
        stated = orjson.loads(original.model_dump_json(exclude_defaults=True))
        submission = self._read(orjson.dumps(merged(stated, patch)))
        for name in _FIXED:
            if getattr(submission, name) != getattr(original, name):
                raise Invalid([BrokenRule(name, "fixed")])
        if broken := self._check(submission):
            raise Invalid(broken)
        if self._plan(submission) != self._plan(original):
            raise Invalid([BrokenRule("$", "deliveries")])
        return submission


def _paths(patch: Patch, place: tuple[str, ...] = ()) -> Iterator[str]:
    for name, value in patch.items():
        here = (*place, name if _NAME.fullmatch(name) else "?")
        if isinstance(value, dict) and value:
            yield from _paths(value, here)
        else:
            yield ".".join(here)


def _different(one: JsonValue, other: JsonValue, place: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one:
            yield from _different(one[name], other.get(name), (*place, name))
    elif one != other:
        yield ".".join(place)
