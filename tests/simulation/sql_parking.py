"""The real parking place and ledger, on SQLite in memory, inside the virtual loop: no thread, so no real time."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from hub.ports import DeliveryId, Farewell, LaneKey, Log, ParkedRow, PartitionMemory
from hub.store.database import Unit
from hub.store.parking import SqlParking
from hub.store.projection import SqlProjection
from hub.store.tables import STORE
from hub.streams.projector import fetched
from schemas.topics import COMMANDS, OUTCOMES
from tests.fakes.parking import MemoryParking

Result = TypeVar("Result")
_RECORDS = 1_000_000


class InlineDatabase:
    """The `Database` port that runs each unit where it stands."""

    def __init__(self) -> None:
        self._engine = create_engine(
            "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}, hide_parameters=True
        )
        STORE.create_all(self._engine)

    async def write(self, unit: Unit[Result]) -> Result:
        """As the port."""
        with self._engine.begin() as connection:
            return unit(connection)

    async def read(self, unit: Unit[Result]) -> Result:
        """As the port."""
        return await self.write(unit)

    async def aclose(self) -> None:
        """As the port."""
        self._engine.dispose()


class ParkingOnSql(MemoryParking):
    """What it answers comes from SQL; the parking place in memory goes along, for those who look inside."""

    def __init__(self) -> None:
        super().__init__()
        self.database = InlineDatabase()
        self._sql = SqlParking(self.database)
        self._projection = SqlProjection(self.database)

    async def read_outcomes(self, log: Log, partition: int) -> None:
        """Bring both ledgers to the end of the log."""
        await super().read_outcomes(log, partition)
        for topic in (COMMANDS, OUTCOMES):
            at = await self._projection.next_offset(topic, partition)
            if records := await log.read(topic, partition, at, _RECORDS):
                await self._projection.apply(topic, {partition: fetched(topic, records)})

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """As the port."""
        await super().take_over(partition, committed)
        return await self._sql.take_over(partition, committed)

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """As the port."""
        await self._sql.leave(farewells)

    async def put(self, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
        """As the port."""
        await self._sql.put(partition, epoch, rows)
        await super().put(partition, epoch, rows)

    async def fetch(self, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
        """As the port."""
        return await self._sql.fetch(partition, lane, rows_max)

    async def find(self, partition: int, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
        """As the port."""
        return await self._sql.find(partition, ids)

    async def settle(self, partition: int, epoch: int, ids: Sequence[DeliveryId]) -> None:
        """As the port."""
        await self._sql.settle(partition, epoch, ids)
        await super().settle(partition, epoch, ids)

    async def sweep(self, partition: int, epoch: int, committed: int) -> None:
        """As the port."""
        await self._sql.sweep(partition, epoch, committed)
        await super().sweep(partition, epoch, committed)
