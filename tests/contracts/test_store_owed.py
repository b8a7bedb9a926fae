"""What a parking place has lost is found again by the ledger, on every store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.delivery.restoration import Restoration
from hub.log.memory import MemoryLog
from hub.ports import DeliveryId, LaneKey
from hub.sealing import seal
from hub.store.database import Database
from hub.store.owed import SqlOwed
from hub.store.parking import SqlParking
from hub.store.projection import SqlProjection
from hub.store.sqlite import SqliteDatabase
from hub.store.tables import STORE
from schemas.delivery import DeliveryState
from tests.clock import ManualClock
from tests.contracts.postgres_server import emptied, postgres, postgres_migrated
from tests.contracts.store_suite import COMMANDS, DOSSIER, PORTAL, SYNC, command, outcome, parked, project

__all__ = ["postgres", "postgres_migrated"]


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty store of either kind."""
    opened: Database
    if request.param == "sqlite":
        opened = await SqliteDatabase.open(tmp_path / "store.db", STORE)
    else:
        opened = await emptied(request.getfixturevalue("postgres_migrated"), STORE)
    yield opened
    await opened.aclose()


def _id(message: str) -> DeliveryId:
    return DeliveryId(message, SYNC, 0)


async def test_what_is_owed_and_lies_nowhere_is_found(database: Database) -> None:
    """Below the committed offset, neither delivered nor parked; a dead one counts, for it holds its lane."""
    projection, parking = SqlProjection(database), SqlParking(database)
    await project(projection, *(command(at, f"m{at}", revision=at + 1) for at in range(6)))
    await project(
        projection,
        outcome(0, "m0", source_offset=0),
        outcome(1, "m1", source_offset=1, state=DeliveryState.DEAD),
        outcome(2, "m2", source_offset=2, state=DeliveryState.PARKED, attempt=3),
    )
    epoch = (await parking.take_over(0, 0)).epoch
    await parking.put(0, epoch, [parked(3, "m3")])

    found = await SqlOwed(database).unparked(0, 5, None, 10)

    assert [("m1", 1, "dead", 1), ("m2", 2, "parked", 3), ("m4", 4, "waiting", 0)] == [
        (each.id.message_id, each.offset, each.state, each.attempts) for each in found
    ]
    assert [_id("m4")] == [each.id for each in await SqlOwed(database).unparked(0, 5, _id("m2"), 10)]
    assert [_id("m1")] == [each.id for each in await SqlOwed(database).unparked(0, 5, None, 1)]
    assert [] == list(await SqlOwed(database).unparked(1, 5, None, 10))


async def test_a_row_that_is_there_stays(database: Database) -> None:
    """Putting back changes nothing that is known."""
    parking = SqlParking(database)
    epoch = (await parking.take_over(0, 0)).epoch
    await parking.put(0, epoch, [parked(3, "m3", attempts=7)])

    await SqlOwed(database).park([parked(3, "m3", attempts=1), parked(4, "m4")])

    rows = await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10)
    assert [("m3", 7), ("m4", 1)] == [(row.id.message_id, row.attempts) for row in rows]


async def test_a_lost_parking_place_is_filled_from_the_log(database: Database) -> None:
    """In the order of the log, in doubt, with the command's envelope; what was dead is dead."""
    log = MemoryLog({COMMANDS: 1}, ManualClock())
    projection, parking = SqlProjection(database), SqlParking(database)
    commands = [command(at, f"m{at}", revision=at + 1) for at in range(450)]
    for each in commands:
        assert each.command is not None
        value = seal(each.command.model_dump_json().encode(), b"{}", bytes(32)).to_bytes()
        await log.append(COMMANDS, DOSSIER.encode(), value)
    await project(projection, *commands)
    await project(projection, outcome(0, "m0", source_offset=0, state=DeliveryState.DEAD, attempt=4))

    restored = await Restoration(log, SqlOwed(database), ManualClock()).restore(0, 440)
    memory = await parking.take_over(0, 440)

    assert 440 == restored
    assert [f"m{at}" for at in range(440)] == [row.id.message_id for row in memory.rows]
    assert ["dead", "in_flight"] == [row.state for row in memory.rows[:2]]
    first, second = await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 2)
    assert (4, 0) == (first.attempts, second.attempts)
    assert (await log.read(COMMANDS, 0, 1, 1))[0].value == second.envelope
    assert 0 == await Restoration(log, SqlOwed(database), ManualClock()).restore(0, 440)
