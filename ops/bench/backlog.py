"""A backlog made in the log while no hub runs, so that delivery can be measured alone."""

from collections.abc import Sequence
from contextlib import AsyncExitStack

from hub.access import Principal
from hub.app.door import Door
from hub.app.homes import open_homes
from hub.app.platforms import build_platforms
from hub.app.seams import Seams
from hub.disk import DiskGuard
from hub.pipeline.catalogue import Agency, Catalogue
from hub.settings import Installation
from hub.telemetry import Metrics
from schemas.agency import AgencyCode
from schemas.dossier import DossierSubmission


async def fill(installation: Installation, bodies: Sequence[bytes]) -> None:
    """Accept every body through the use case itself."""
    seams = Seams()
    async with AsyncExitStack() as stack:
        door = Door(
            installation=installation,
            homes=await open_homes(installation.hub, seams, stack),
            platforms=build_platforms(installation, seams, stack),
            catalogue=Catalogue(
                (Agency(agency.code, agency.name) for agency in installation.agencies), installation.procedures
            ),
            disk=DiskGuard(installation.hub.home, 0, seams.clock),
            clock=seams.clock,
            metrics=Metrics(),
            checks={},
        )
        principal = Principal(AgencyCode.parse("H56.14"), "mot-cua")
        for body in bodies:
            submission = DossierSubmission.model_validate_json(body)
            await door.acceptance.accept(principal, submission, f"{submission.code}-{submission.revision}")
