"""A backlog made in the log while no hub runs, so that delivery can be measured alone."""

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


async def fill(installation: Installation, bodies: Sequence[bytes]) -> None:
    """Accept every body through the use case itself."""
    seams = Seams()
    async with AsyncExitStack() as stack:
        ground = await open_ground(installation, seams, stack, Metrics())
        door = Door(ground, DiskGuard(installation.hub.home, 0, seams.clock), {})
        principal = Principal(AgencyCode.parse("H56.14"), "mot-cua")
        for body in bodies:
            submission = DossierSubmission.model_validate_json(body)
            await door.acceptance.accept(principal, submission, f"{submission.code}-{submission.revision}")
