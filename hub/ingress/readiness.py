"""Readiness: whether the hub can do its work right now, and what keeps it from it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from hub.errors import HubError
from schemas.model import Model

Check = Callable[[], Awaitable[str | None]]
"""Returns None when all is well, or the reason in constant words."""

CHECK_S_MAX = 2.0


class Readiness(Model):
    """What /readyz says. `checks` maps each part to "ok" or to what is wrong with it."""

    ready: bool
    checks: dict[str, str]


async def readiness(checks: Mapping[str, Check], check_s_max: float = CHECK_S_MAX) -> Readiness:
    """Ask every part, all at once and each for at most `check_s_max`."""
    found = await asyncio.gather(*(_asked(check, check_s_max) for check in checks.values()))
    return Readiness(ready=all(word == "ok" for word in found), checks=dict(zip(checks, found, strict=True)))


async def _asked(check: Check, check_s_max: float) -> str:
    try:
        async with asyncio.timeout(check_s_max):
            return await check() or "ok"
    except TimeoutError:
        return "timeout"
    except HubError as error:
        return error.problem_code
