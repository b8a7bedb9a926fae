"""The parking place of a hub: before a farewell is believed, the log hears that it is void from here on."""

from hub.app.kinship import Kinship
from hub.ports import PartitionMemory
from hub.store.database import Database
from hub.store.parking import SqlParking


class HeardParking(SqlParking):
    """Beats between a farewell and the first call.

    A copy of the store that still holds the farewell is older than that beat, and so no hub starts on it.
    """

    def __init__(self, database: Database, kinship: Kinship) -> None:
        super().__init__(database)
        self._kinship = kinship

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """See `Parking.take_over`. Errors: those of the log, too; then the partition is not taken over."""
        memory = await super().take_over(partition, committed)
        if memory.farewell is not None:
            await self._kinship.beat()
        return memory
