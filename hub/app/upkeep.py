"""What an operator does to the log and the store while no worker runs."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from hub.app.homes import TOPICS, open_homes, refuse_store_ahead
from hub.app.lost_keys import lost_keys
from hub.app.seams import Seams
from hub.settings import Installation
from hub.store.parking import SqlParking
from hub.store.rebuilding import Rebuilding
from hub.streams.projector import Projector
from hub.telemetry import Metrics


async def adopt(installation: Installation) -> int:
    """Declare that store and keys belong to the log; return how many keys of the newest messages are given up.

    Errors: Unavailable; ConfigInvalid for a log that is the older one.
    """
    seams = Seams()
    async with AsyncExitStack() as stack:
        homes = await open_homes(installation.hub, seams, stack)
        await refuse_store_ahead(homes.log, homes.projection)
        # They were said of this log as it was before.
        await SqlParking(homes.store).forget_farewells()
        lost = await lost_keys(homes.log, homes.keys)
        await homes.keys.write_off(lost, seams.clock.now())
        await homes.kinship.adopt()
        return len(lost)


async def rebuild(installation: Installation, tell: Callable[[str], None]) -> None:
    """Make the read models anew of what the log holds; older rows stay. Errors: Unavailable, ConfigInvalid."""
    seams = Seams()
    async with AsyncExitStack() as stack:
        homes = await open_homes(installation.hub, seams, stack)
        places = [(topic, partition) for topic in TOPICS for partition in range(homes.log.partitions(topic))]
        starts = {place: (await homes.log.bounds(*place)).start for place in places}
        await Rebuilding(homes.store).forget(starts)
        projector = Projector(homes.log, homes.projection, seams.clock, Metrics())
        for topic, partition in places:
            await projector.catch_up(topic, partition)
            tell(f"{topic}/{partition}: read to {(await homes.log.bounds(topic, partition)).end}")
