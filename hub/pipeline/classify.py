"""What a try came to, by the platform's table: code first, text second."""

import re
from collections.abc import Sequence
from functools import lru_cache

from hub.errors import NotSent, PlatformFault, RefusedUs
from hub.ports import OutcomeRule, Reply
from schemas.delivery import OutcomeClass


def classify(reply: Reply, rules: Sequence[OutcomeRule]) -> OutcomeClass:
    """Return the class of the first rule that fits; UNKNOWN when none does, for it may have acted."""
    for rule in rules:
        if _fits(reply, rule):
            return rule.outcome
    return OutcomeClass.UNKNOWN


def classify_fault(fault: PlatformFault) -> OutcomeClass:
    """Return the class of a try that brought no reply to judge."""
    if isinstance(fault, RefusedUs):
        return OutcomeClass.REFUSED_US
    return OutcomeClass.UNAVAILABLE if isinstance(fault, NotSent) else OutcomeClass.UNKNOWN


def _fits(reply: Reply, rule: OutcomeRule) -> bool:
    if rule.http_status is not None and not rule.http_status[0] <= reply.http_status <= rule.http_status[1]:
        return False
    if rule.code is not None and rule.code != reply.code:
        return False
    return rule.text is None or _pattern(rule.text).search(reply.text) is not None


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
