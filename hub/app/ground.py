"""What the parts of a process stand on."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from hub.app.homes import Homes, open_homes
from hub.app.platforms import Platforms, build_platforms
from hub.app.seams import Seams
from hub.pipeline.catalogue import Agency, Catalogue
from hub.ports import Clock
from hub.settings import Installation
from hub.streams.projector import Projector
from hub.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Made once per process. `projector` brings the read models forward; `name` is empty when nobody gave one."""

    name: str
    installation: Installation
    homes: Homes
    platforms: Platforms
    catalogue: Catalogue
    projector: Projector
    clock: Clock
    metrics: Metrics


async def open_ground(
    installation: Installation, seams: Seams, stack: AsyncExitStack, metrics: Metrics, name: str = ""
) -> Ground:
    """Open what lasts, and build what every part stands on. Errors: Unavailable, ConfigInvalid."""
    homes = await open_homes(installation.hub, seams, stack, name)
    catalogue = Catalogue(
        (Agency(agency.code, agency.name) for agency in installation.agencies), installation.procedures
    )
    return Ground(
        name=name,
        installation=installation,
        homes=homes,
        platforms=build_platforms(installation, seams, stack),
        catalogue=catalogue,
        projector=Projector(homes.log, homes.projection, seams.clock, metrics),
        clock=seams.clock,
        metrics=metrics,
    )
