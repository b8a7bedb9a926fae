"""Log and store know each other again, on both homes of the store."""

from collections.abc import Sequence

import pytest

from hub.app.kinship import Kinship
from hub.errors import ConfigInvalid
from hub.log.memory import MemoryLog
from hub.ports import Record
from hub.store.database import Database
from hub.store.kinship import SqlKinship
from hub.store.tables import kinship as kinship_table
from schemas.topics import CONTROL
from tests.clock import ManualClock
from tests.contracts.either_store import NewDatabase, database, kind, new_database, postgres, postgres_migrated

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]


@pytest.fixture
def store(database: Database) -> SqlKinship:
    """The kinship of an empty store."""
    return SqlKinship(database)


async def test_a_beat_is_heard(store: SqlKinship) -> None:
    """What beats into a log belongs to it, and goes on doing so with each start."""
    kinship = Kinship(MemoryLog({CONTROL: 3}, ManualClock()), store, ManualClock())
    await kinship.adopt()
    await kinship.require()
    await kinship.adopt()
    await kinship.require()

    assert 2 == (await store.last()).number


async def test_an_older_copy_is_refused_until_it_is_adopted(store: SqlKinship, new_database: NewDatabase) -> None:
    """The log remembers a beat that the copy does not; adopting it ends that."""
    log = MemoryLog({CONTROL: 3}, ManualClock())
    first = await store.beat()
    beaten = Kinship(log, store, ManualClock())
    await beaten.adopt()
    copy_database = await new_database()
    copy = SqlKinship(copy_database)
    await copy_database.write(
        lambda connection: connection.execute(
            kinship_table.insert().values(store_id=first.store_id, pulse=first.number)
        ).close()
    )
    kinship = Kinship(log, copy, ManualClock())

    with pytest.raises(ConfigInvalid, match="Restore log, store and keys from the same copy"):
        await kinship.require()

    await kinship.adopt()
    await kinship.require()


class Shared(MemoryLog):
    """A log into which somebody else beats whenever it is looked at."""

    def __init__(self, store: SqlKinship) -> None:
        super().__init__({CONTROL: 1}, ManualClock())
        self.beating = Kinship(self, store, ManualClock())
        self.looked = 0

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """Another process is faster, once each time."""
        self.looked += 1
        await self.beating.beat()
        return await super().read(topic, partition, offset, records_max)


async def test_another_process_that_beats_meanwhile_is_no_older_copy(store: SqlKinship) -> None:
    """Whoever starts beside others that begin work belongs to log and store as they do."""
    log = Shared(store)
    await log.beating.beat()

    await log.beating.require()

    assert 1 == log.looked


async def test_another_log_is_refused(store: SqlKinship, new_database: NewDatabase) -> None:
    """A store that has beaten into one log is no store for another that other stores beat into."""
    await Kinship(MemoryLog({CONTROL: 3}, ManualClock()), store, ManualClock()).adopt()
    other = MemoryLog({CONTROL: 3}, ManualClock())
    await Kinship(other, SqlKinship(await new_database()), ManualClock()).adopt()

    with pytest.raises(ConfigInvalid, match="never met"):
        await Kinship(other, store, ManualClock()).require()
