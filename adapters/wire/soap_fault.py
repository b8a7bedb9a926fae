"""SOAP faults judged by a platform's table. What a fault says may name people: it is matched and then forgotten."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator

from hub.errors import NotSent, PlatformFault, RefusedUs, ReplyUnreadable
from schemas.delivery import OutcomeClass
from schemas.model import ConfigModel

TEXT_MAX: Final = 2000
_FAILURES = frozenset(OutcomeClass) - {OutcomeClass.DELIVERED, OutcomeClass.ALREADY_THERE}


def _is_failure(outcome: OutcomeClass) -> OutcomeClass:
    if outcome not in _FAILURES:
        raise ValueError("a fault is never a success")
    return outcome


class FaultRule(ConfigModel):
    """One row of a table of faults. Both are searched for; the empty expression matches anything.

    `code` sees the fault code without its prefix (`Client.Authentication`), `text` the fault string.
    """

    code: re.Pattern[str] = re.compile("")
    text: re.Pattern[str] = re.compile("")
    outcome: Annotated[OutcomeClass, AfterValidator(_is_failure)]


@dataclass(frozen=True, slots=True, repr=False)
class SoapFault:
    """A SOAP 1.1 fault: code without prefix, and text, at most `TEXT_MAX` characters each."""

    code: str
    text: str


def judged_fault(fault: SoapFault, rules: Sequence[FaultRule]) -> PlatformFault:
    """Return the error that the first matching rule gives; no match means that nobody knows what came of it."""
    for rule in rules:
        if rule.code.search(fault.code) and rule.text.search(fault.text):
            return _error(rule.outcome)
    return _error(OutcomeClass.UNKNOWN)


def _error(outcome: OutcomeClass) -> PlatformFault:
    match outcome:
        case OutcomeClass.REFUSED_US:
            return RefusedUs("SOAP fault")
        case OutcomeClass.REFUSED_MESSAGE:
            return PlatformFault("SOAP fault", code="platform.refused")
        case OutcomeClass.UNAVAILABLE:
            return NotSent("SOAP fault")
        case _:
            return ReplyUnreadable("SOAP fault")
