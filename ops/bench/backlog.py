"""A backlog made in the log while no hub runs, so that delivery can be measured alone."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

from hub.access import Principal
from hub.app.door import Door
from hub.app.ground import open_ground
from hub.app.seams import Seams
from hub.disk import DiskGuard
from hub.settings import Installation
from hub.telemetry import Metrics
from schemas.agency import AgencyCode
from schemas.dossier import DossierSubmission

_AT_A_TIME = 128


async def fill(installation: Installation, bodies: Sequence[bytes]) -> None:
    """Accept every body through the use case itself, in their order but for those of a handful."""
    seams = Seams()
    async with AsyncExitStack() as stack:
        ground = await open_ground(installation, seams, stack, Metrics())
        door = Door(ground, DiskGuard(installation.hub.home, 0, seams.clock), {})
        principal = Principal(AgencyCode.parse("H56.14"), "mot-cua")
        for first in range(0, len(bodies), _AT_A_TIME):
            await asyncio.gather(*(_accept(door, principal, body) for body in bodies[first : first + _AT_A_TIME]))


async def _accept(door: Door, principal: Principal, body: bytes) -> None:
    submission = DossierSubmission.model_validate_json(body)
    await door.acceptance.accept(principal, submission, f"{submission.code}-{submission.revision}")
