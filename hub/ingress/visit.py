"""One visit at the REST door: what the parts of one request tell each other."""

import re
import secrets
from dataclasses import dataclass

from starlette.types import Scope

from hub.access import Principal

CORRELATION_HEADER = "X-Correlation-Id"
_KEY = "hub.visit"
# Digits alone could be a personal number, and the id is written to the log.
_CORRELATION = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9._:\-]{1,128}")


@dataclass(slots=True)
class Visit:
    """The correlation id, and what is found out on the way: who calls, and which problem came of it.

    `hint` is for the operator: what is wrong with the hub. The caller is not told.
    """

    correlation_id: str
    principal: Principal | None = None
    code: str = ""
    hint: str = ""

    @classmethod
    def begin(cls, scope: Scope) -> "Visit":
        """Start the visit of a request: the caller's correlation id when it is a plain token, or one of our own."""
        visit = cls(_given(scope) or secrets.token_hex(16))
        scope[_KEY] = visit
        return visit

    @classmethod
    def of(cls, scope: Scope) -> "Visit":
        """Return the visit of a request that has begun."""
        visit: Visit = scope[_KEY]
        return visit


def _given(scope: Scope) -> str | None:
    wanted = CORRELATION_HEADER.lower().encode()
    for name, value in scope["headers"]:
        if name == wanted:
            text: str = value.decode("latin-1")
            return text if _CORRELATION.fullmatch(text) else None
    return None
