"""What a parking place has lost is found again by the ledger, on every store."""

from collections.abc import Sequence
from dataclasses import replace

from hub.delivery.decisions.hindsight import IsRepeat
from hub.delivery.lanes.restoration import Restoration
from hub.log.memory import MemoryLog
from hub.ports import DeliveryId, LaneKey, ParkedRow, Projected, Record
from hub.sealing import seal
from hub.store.database import Database
from hub.store.owed import SqlOwed
from hub.store.parking import SqlParking
from hub.store.precedents import SqlPrecedents
from hub.store.projection import SqlProjection
from schemas.delivery import CommandHeader, DeliveryState, PlannedDelivery
from tests.clock import ManualClock
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated
from tests.contracts.store_suite import (
    COMMANDS,
    DOSSIER,
    ONE_SYNC,
    PORTAL,
    PROGRESS,
    SYNC,
    command,
    outcome,
    parked,
    project,
)
from tests.fakes.keys import MemoryKeys

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]


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


async def _never(_record: Record, _header: CommandHeader) -> bool:
    return False


async def _ever(_record: Record, _header: CommandHeader) -> bool:
    return True


class _OneKey(MemoryKeys):
    """One key for everybody."""

    async def key(self, key_id: str) -> bytes:
        """Return the key."""
        return bytes(32)


def _restoration(log: MemoryLog, database: Database, is_repeat: IsRepeat = _never) -> Restoration:
    precedents = SqlPrecedents(database)
    return Restoration(log, SqlOwed(database), ManualClock(), is_repeat, precedents=precedents, keys=_OneKey())


def _withdrawal(at: int, message: str, revision: int, *, reappended: bool = False) -> Projected:
    told = command(at, message, revision=revision, deliveries=(), reappended=reappended)
    assert told.command is not None
    return replace(told, command=told.command.model_copy(update={"kind": "withdrawal"}))


async def _log_of(database: Database, *commands: Projected) -> MemoryLog:
    """Return a log with these commands, which the ledger knows too."""
    log = MemoryLog({COMMANDS: 1}, ManualClock())
    for each in commands:
        assert each.command is not None
        value = seal(each.command.model_dump_json().encode(), b"{}", bytes(32)).to_bytes()
        await log.append(COMMANDS, each.command.ordering_key.encode(), value)
    await project(SqlProjection(database), *commands)
    return log


def _brief(rows: Sequence[ParkedRow]) -> list[tuple[str, str, int, str]]:
    return [(row.id.message_id, row.id.operation, row.offset, row.code) for row in rows]


async def test_a_lost_parking_place_is_filled_from_the_log(database: Database) -> None:
    """In the order of the log, with the command's envelope; what was dead is dead, and the next may have begun."""
    projection, parking = SqlProjection(database), SqlParking(database)
    log = await _log_of(database, *(command(at, f"m{at}", revision=at + 1) for at in range(450)))
    await project(projection, outcome(0, "m0", source_offset=0, state=DeliveryState.DEAD, attempt=4))

    restored = await _restoration(log, database).restore(0, 440)
    memory = await parking.take_over(0, 440)

    assert 440 == restored
    assert [f"m{at}" for at in range(440)] == [row.id.message_id for row in memory.rows]
    assert ["dead", "in_flight", "waiting"] == [row.state for row in memory.rows[:3]]
    first, second = await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 2)
    assert (4, 0) == (first.attempts, second.attempts)
    assert (await log.read(COMMANDS, 0, 1, 1))[0].value == second.envelope
    assert 0 == await _restoration(log, database).restore(0, 440)


async def test_a_withdrawal_comes_back_with_what_it_withdraws(database: Database) -> None:
    """The last one of the dossier, behind what lay before it, in each lane that still has something of that."""
    other, both = "H56.14-261122-0002", (*ONE_SYNC, PlannedDelivery(operation="ministry.state", platform="ministry"))
    log = await _log_of(
        database,
        command(0, "m0", revision=1, deliveries=both),
        command(1, "n0", revision=1, ordering_key=other),
        _withdrawal(2, "w1", 2),
        command(3, "m3", revision=3),
        _withdrawal(4, "w2", 4),
        command(5, "m5", revision=5),
        _withdrawal(6, "w3", 6),
    )
    await project(SqlProjection(database), outcome(0, "m0", operation="ministry.state", platform="ministry"))

    restored = await _restoration(log, database).restore(0, 6)

    rows = (await SqlParking(database).take_over(0, 6)).rows
    mark = f"hub.withdrawal.{PORTAL}"
    assert 4 == restored
    assert [
        ("m0", SYNC, 0, ""),
        ("n0", SYNC, 1, ""),
        ("m3", SYNC, 3, ""),
        ("w2", mark, 4, ""),
        ("m5", SYNC, 5, ""),
    ] == (_brief(rows))
    assert {LaneKey(DOSSIER, PORTAL), LaneKey(other, PORTAL)} == {row.lane for row in rows}
    (kept,) = [row for row in await SqlParking(database).fetch(0, rows[0].lane, 9) if row.id.message_id == "w2"]
    assert ((await log.read(COMMANDS, 0, 4, 1))[0].value, DeliveryState.WAITING) == (kept.envelope, kept.state)


async def test_a_withdrawal_that_did_nothing_does_nothing_again(database: Database) -> None:
    """One behind a newer revision, and one that repeats an earlier one, are passed over as they were."""
    log = await _log_of(
        database,
        command(0, "m0", revision=5),
        _withdrawal(1, "w1", 4),
        _withdrawal(2, "w2", 6, reappended=True),
    )

    await _restoration(log, database, _ever).restore(0, 3)

    assert [("m0", SYNC, 0, "")] == _brief((await SqlParking(database).take_over(0, 3)).rows)


async def test_what_a_newer_revision_has_overtaken_is_so_when_it_comes_back(database: Database) -> None:
    """It is not sent after the newer one for being restored, also when that one is not owed any more."""
    log = await _log_of(
        database, command(0, "m0", revision=2), command(1, "m1", revision=1), command(2, "m2", revision=3)
    )
    await project(SqlProjection(database), outcome(0, "m0"))

    await _restoration(log, database).restore(0, 3)

    rows = (await SqlParking(database).take_over(0, 3)).rows
    assert [("m1", SYNC, 1, "hub.overtaken"), ("m2", SYNC, 2, "")] == _brief(rows)


async def test_each_lane_comes_back_with_one_doubt(database: Database) -> None:
    """One delivery of a lane is under way at a time; what the ledger says to be in doubt is so as well."""
    other = "H56.14-261122-0002"
    log = await _log_of(
        database,
        command(0, "m0", revision=1, deliveries=(*ONE_SYNC, PlannedDelivery(operation=PROGRESS, platform=PORTAL))),
        command(1, "m1", revision=2),
        command(2, "n2", revision=1, ordering_key=other),
        command(3, "m3", revision=3),
    )
    await project(SqlProjection(database), outcome(0, "m3", source_offset=3, state=DeliveryState.IN_DOUBT))

    await _restoration(log, database).restore(0, 4)

    rows = (await SqlParking(database).take_over(0, 4)).rows
    assert [("m0", "in_flight"), ("m0", "waiting"), ("m1", "waiting"), ("n2", "in_flight"), ("m3", "in_doubt")] == [
        (row.id.message_id, row.state) for row in rows
    ]
