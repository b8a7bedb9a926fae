"""Before a farewell is believed, the log hears a beat: copies of the store from before it are known as such."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hub.app.heard import HeardParking
from hub.app.kinship import Kinship
from hub.errors import Unavailable
from hub.log.memory import MemoryLog
from hub.ports import Farewell, Position
from hub.store.kinship import SqlKinship
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from schemas.topics import CONTROL
from tests.clock import ManualClock


class DeafLog(MemoryLog):
    """A log that may be told to take nothing."""

    deaf = False

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port."""
        if self.deaf:
            raise Unavailable("no log")
        return await super().append(topic, key, value)


class House:
    """A store, a log, and a parking place whose takings over the log hears of."""

    def __init__(self, database: SqliteDatabase) -> None:
        clock = ManualClock()
        self.log = DeafLog({CONTROL: 1}, clock)
        self.store = SqlKinship(database)
        self.parking = HeardParking(database, Kinship(self.log, self.store, clock))

    async def heard(self) -> int:
        """Return how many beats the log has heard."""
        return (await self.log.bounds(CONTROL, 0)).end

    async def left(self) -> None:
        """Have an owner take the first partition over, and leave it in good order."""
        memory = await self.parking.take_over(0, 0)
        await self.parking.leave([Farewell(0, memory.epoch, memory.token, 3, 5)])


@pytest_asyncio.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """A fresh house."""
    database = await SqliteDatabase.open(tmp_path / "store.db", STORE)
    yield House(database)
    await database.aclose()


async def test_a_beat_comes_between_a_farewell_and_the_first_call(house: House) -> None:
    """The store beats, and the log has heard it, when the next owner is told; without a farewell nobody need know."""
    await house.left()
    before, pulse = await house.heard(), (await house.store.last()).number
    memory = await house.parking.take_over(0, 3)

    assert (0, 1) == (before, await house.heard())
    assert memory.farewell is not None
    assert pulse < (await house.store.last()).number
    await house.parking.take_over(0, 3)
    assert 1 == await house.heard()


async def test_a_log_that_does_not_hear_leaves_the_farewell_void(house: House) -> None:
    """The partition is not taken over, and who tries again suspects."""
    await house.left()
    house.log.deaf = True
    with pytest.raises(Unavailable):
        await house.parking.take_over(0, 3)
    house.log.deaf = False

    assert (await house.parking.take_over(0, 3)).farewell is None


async def test_an_adopted_store_knows_no_farewell(house: House) -> None:
    """What is forgotten when a store is declared to belong to another log is not told to anybody."""
    await house.left()
    await house.parking.forget_farewells()

    assert (await house.parking.take_over(0, 3)).farewell is None
