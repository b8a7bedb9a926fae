"""What every store knows of operators' rulings, and what it makes of them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from hub.delivery.lanes.restoration import Restoration
from hub.log.memory import MemoryLog
from hub.ports import DeliveryId, LaneKey, ParkedRow, PartitionMemory, Projected, Record
from hub.sealing import seal, unseal
from hub.store.database import Database
from hub.store.image import image
from hub.store.owed import SqlOwed
from hub.store.parking import SqlParking
from hub.store.precedents import SqlPrecedents
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.rebuilding import Rebuilding
from hub.store.retention import purge
from schemas.delivery import CommandHeader, DeliveryState, PlannedDelivery
from schemas.dossier import DossierSubmission
from schemas.envelope import Envelope
from schemas.ruling import Ruling, RulingBody, Verdict
from schemas.timeline import PlatformCount
from tests.clock import ManualClock
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated
from tests.contracts.store_suite import (
    COMMANDS,
    DOSSIER,
    ONE_SYNC,
    PORTAL,
    PROGRESS,
    SYNC,
    T0,
    command,
    outcome,
    parked,
    project,
)
from tests.fakes.keys import MemoryKeys
from tests.simulation.world import submission

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]

BOTH = (*ONE_SYNC, PlannedDelivery(operation=PROGRESS, platform=PORTAL))
LANE = LaneKey(DOSSIER, PORTAL)
DEAD, WAITING = DeliveryState.DEAD, DeliveryState.WAITING
RIGHT = "Đăng ký khai sinh"


class _OneKey(MemoryKeys):
    """One key for everybody."""

    async def key(self, key_id: str) -> bytes:
        """Return the key."""
        return bytes(32)


def ruling(
    at: int, message: str, verdict: Verdict = Verdict.REPLAY, about: str = "m0", *, right: bool = False
) -> Projected:
    """Build the record of a ruling about the first delivery of a message; a `right` one corrects its summary."""
    told = command(at, message, deliveries=())
    assert told.command is not None
    given = Ruling(
        verdict=verdict,
        message_id=about,
        operation=SYNC,
        platform=PORTAL,
        part=0,
        of=1,
        index=0,
        by="H56/truc",
        order="o1",
        corrected=right,
    )
    return replace(told, command=told.command.model_copy(update={"kind": "ruling", "ruling": given}))


def _submission(summary: str = RIGHT) -> DossierSubmission:
    return submission(DOSSIER, 1).model_copy(update={"summary": summary, "deliver_by": T0})


async def _log_of(database: Database, *commands: Projected) -> MemoryLog:
    """Return a log with these commands, which the ledger knows too."""
    log = MemoryLog({COMMANDS: 1}, ManualClock())
    for each in commands:
        assert each.command is not None
        content: DossierSubmission | RulingBody = _submission("Khai sinh")
        if each.command.ruling is not None:
            content = RulingBody(reason="đã kiểm tra", officer="canbo01", submission=_submission())
        value = seal(
            each.command.model_dump_json().encode(), content.model_dump_json(exclude_defaults=True).encode(), bytes(32)
        )
        await log.append(COMMANDS, each.command.ordering_key.encode(), value.to_bytes())
    await project(SqlProjection(database), *commands)
    return log


async def _never(_record: Record, _header: CommandHeader) -> bool:
    return False


async def _restore(log: MemoryLog, database: Database, committed: int) -> PartitionMemory:
    precedents = SqlPrecedents(database)
    restoration = Restoration(log, SqlOwed(database), ManualClock(), _never, precedents=precedents, keys=_OneKey())
    await restoration.restore(0, committed)
    return await SqlParking(database).take_over(0, committed)


def _content(row: ParkedRow) -> DossierSubmission:
    return DossierSubmission.model_validate_json(unseal(Envelope.from_bytes(row.envelope), bytes(32)))


def _summary(row: ParkedRow) -> str:
    return _content(row).summary


def _brief(rows: Sequence[ParkedRow]) -> list[tuple[str, str, int, str]]:
    return [(row.id.message_id, row.id.operation, row.offset, row.state.value) for row in rows]


async def test_a_ruling_is_no_state_of_the_dossier(database: Database) -> None:
    """It stands in the timeline as a message of its own kind; counts and heads do not know it; a void one says so."""
    projection, models = SqlProjection(database), SqlReadModels(database)
    await project(projection, command(0, "m0", revision=4), ruling(1, "r1"), ruling(2, "r2"))
    await project(
        projection,
        outcome(0, "m0", state=DEAD),
        outcome(1, "m0", state=WAITING, code="hub.replayed", ruling="r1"),
        outcome(2, "m0", attempt=2),
        outcome(3, "r2", state=DeliveryState.WITHDRAWN, code="hub.ruling_void", ruling="r2"),
    )

    overview, timeline = await models.overview(), await models.timeline(DOSSIER)

    assert (1, (PlatformCount(platform=PORTAL, delivered=1),)) == (overview.accepted, overview.platforms)
    assert timeline is not None
    told = [(line.kind, [hop.code for hop in line.hops[1:]], len(line.deliveries)) for line in timeline.messages]
    assert [
        ("dossier", ["0", "hub.replayed", "0"], 1),
        ("ruling", [], 0),
        ("ruling", ["hub.ruling_void"], 0),
    ] == told


async def test_dead_waiting_delivered_is_counted_where_it_stands(database: Database) -> None:
    """Each outcome moves one delivery from one count to another, and the original record stays its source."""
    projection, models = SqlProjection(database), SqlReadModels(database)
    await project(projection, command(0, "m0"), ruling(1, "r1"))
    counts: list[PlatformCount] = []
    for offset, (state, by) in enumerate([(DEAD, ""), (WAITING, "r1"), (DeliveryState.DELIVERED, "")]):
        await project(projection, outcome(offset, "m0", state=state, ruling=by))
        counts += (await models.overview()).platforms

    assert [
        PlatformCount(platform=PORTAL, dead=1),
        PlatformCount(platform=PORTAL, waiting=1),
        PlatformCount(platform=PORTAL, delivered=1),
    ] == counts


async def test_precedents(database: Database) -> None:
    """Obeyed is what changed a delivery; unanswered what left nothing and lies nowhere; below the committed offset."""
    projection, parking, precedents = SqlProjection(database), SqlParking(database), SqlPrecedents(database)
    await project(projection, command(0, "m0"), *(ruling(at, f"r{at}") for at in range(1, 6)))
    await project(
        projection,
        outcome(0, "m0", state=DEAD),
        outcome(1, "m0", state=WAITING, ruling="r1"),
        outcome(2, "r2", state=DeliveryState.WITHDRAWN, ruling="r2"),
    )
    epoch = (await parking.take_over(0, 0)).epoch
    await parking.put(0, epoch, [parked(3, id=DeliveryId("r3", f"hub.ruling.{PORTAL}", 0))])

    assert frozenset({"r1"}) == await precedents.obeyed(["r1", "r2", "r4"])
    assert [4] == list(await precedents.unanswered(0, 5))
    assert [4, 5] == list(await precedents.unanswered(0, 6))
    assert [] == list(await precedents.unanswered(1, 6))


@pytest.mark.parametrize(
    ("state", "newer"),
    [(DEAD, True), (WAITING, True), (DeliveryState.WITHDRAWN, False), (DeliveryState.DELIVERED, True)],
)
async def test_newer(database: Database, state: DeliveryState, *, newer: bool) -> None:
    """A later state of the dossier counts that is owed to the platform or there; not one that was withdrawn."""
    projection, precedents = SqlProjection(database), SqlPrecedents(database)
    await project(projection, command(0, "m0", revision=3), command(1, "m1", revision=4), ruling(2, "r1"))
    await project(projection, outcome(0, "m1", state=state))

    assert newer is await precedents.newer(LANE, 3)
    assert await precedents.newer(LANE, 2)
    assert not await precedents.newer(LANE, 4)
    assert not await precedents.newer(LaneKey(DOSSIER, "post"), 1)


async def test_what_was_corrected_comes_back_corrected(database: Database) -> None:
    """With the last correction that was obeyed, in the whole lane of the message; other messages as they came."""
    log = await _log_of(
        database,
        command(0, "m0", deliveries=BOTH),
        command(1, "m1", revision=2),
        ruling(2, "r1", right=True),
        ruling(3, "r2", Verdict.DISCARD, "m1"),
    )
    await project(
        SqlProjection(database),
        outcome(0, "m0", state=DEAD),
        outcome(1, "m0", state=WAITING, code="hub.replayed", ruling="r1"),
        outcome(2, "r2", state=DeliveryState.WITHDRAWN, code="hub.ruling_void", ruling="r2"),
    )

    memory = await _restore(log, database, 4)

    assert [("m0", SYNC, 0, "in_flight"), ("m0", PROGRESS, 0, "waiting"), ("m1", SYNC, 1, "waiting")] == _brief(
        memory.rows
    )
    assert [RIGHT, RIGHT, "Khai sinh"] == [_summary(row) for row in await SqlParking(database).fetch(0, LANE, 9)]


async def test_what_was_discarded_stays_gone_and_what_was_not_obeyed_is_obeyed(database: Database) -> None:
    """The outcome of a discarded one is its end; a ruling without an outcome lies in its lane again, and waits."""
    log = await _log_of(
        database,
        command(0, "m0"),
        command(1, "m1", revision=2),
        ruling(2, "r1", Verdict.DISCARD),
        ruling(3, "r2", about="m1"),
    )
    await project(
        SqlProjection(database),
        outcome(0, "m0", state=DeliveryState.WITHDRAWN, code="hub.discarded", ruling="r1"),
        outcome(1, "m1", state=DEAD),
    )

    memory = await _restore(log, database, 4)

    assert [("m1", SYNC, 1, "dead"), ("r2", f"hub.ruling.{PORTAL}", 3, "waiting")] == _brief(memory.rows)
    assert memory == replace(await _restore(log, database, 4), epoch=1, token=memory.token)


async def test_what_was_sent_again_comes_back_where_its_ruling_lies(database: Database) -> None:
    """In doubt, with the body of the ruling; behind what came before it."""
    log = await _log_of(
        database, command(0, "m0"), command(1, "m1", revision=2), ruling(2, "r1", Verdict.RESEND), command(3, "m3")
    )
    await project(
        SqlProjection(database),
        outcome(0, "m0"),
        outcome(1, "m1", source_offset=1),
        outcome(2, "m0", state=WAITING, code="hub.resent", ruling="r1", source_offset=2),
    )

    memory = await _restore(log, database, 4)

    assert [("m0", SYNC, 2, "in_flight"), ("m3", SYNC, 3, "waiting")] == _brief(memory.rows)
    again, other = await SqlParking(database).fetch(0, LANE, 9)
    assert (RIGHT, None) == (_summary(again), _content(again).deliver_by)
    assert ("Khai sinh", T0) == (_summary(other), _content(other).deliver_by)


async def test_what_was_sent_again_comes_back_although_its_own_record_is_gone(database: Database) -> None:
    """The log has let the message go, and the store is a fresh one: the ruling alone says what is owed."""
    log = await _log_of(database, ruling(0, "r1", Verdict.RESEND, "gone"))
    await project(
        SqlProjection(database), outcome(0, "gone", state=WAITING, code="hub.resent", ruling="r1", source_offset=0)
    )

    memory = await _restore(log, database, 1)

    assert [("gone", SYNC, 0, "in_flight")] == _brief(memory.rows)
    assert RIGHT == _summary((await SqlParking(database).fetch(0, LANE, 9))[0])


async def test_an_old_copy_of_a_dead_row_gives_way_to_what_the_ledger_says(database: Database) -> None:
    """A parking place from before a replay holds its lane no more; while the ruling lies there, it is left to it."""
    parking = SqlParking(database)
    log = await _log_of(database, command(0, "m0"), ruling(1, "r1", right=True))
    await project(
        SqlProjection(database),
        outcome(0, "m0", state=DEAD),
        outcome(1, "m0", state=WAITING, code="hub.replayed", ruling="r1"),
    )
    epoch = (await parking.take_over(0, 0)).epoch
    mark = parked(1, id=DeliveryId("r1", f"hub.ruling.{PORTAL}", 0), state=WAITING)
    await parking.put(0, epoch, [parked(0, "m0", state=DEAD), mark])

    assert ["dead", "waiting"] == [row.state for row in (await _restore(log, database, 2)).rows]
    await parking.settle(0, (await parking.take_over(0, 0)).epoch, [mark.id])

    assert [("m0", SYNC, 0, "in_flight")] == _brief((await _restore(log, database, 2)).rows)
    assert RIGHT == _summary((await parking.fetch(0, LANE, 9))[0])


async def test_rebuilt_equals_live(database: Database) -> None:
    """Rulings, void ones and what was sent again included, wherever the log begins."""
    records = [
        command(0, "m0", deliveries=BOTH),
        ruling(1, "r1"),
        ruling(2, "r2", Verdict.RESEND),
        outcome(0, "m0", state=DEAD),
        outcome(1, "m0", state=WAITING, code="hub.replayed", ruling="r1"),
        outcome(2, "m0", attempt=2),
        outcome(3, "m0", state=WAITING, code="hub.resent", ruling="r2", source_offset=2),
        outcome(4, "r1", state=DeliveryState.WITHDRAWN, code="hub.ruling_void", ruling="r1"),
        outcome(5, "m0", source_offset=2),
    ]
    await project(SqlProjection(database), *records[:3])
    await project(SqlProjection(database), *records[3:])
    live = await database.read(image)
    await Rebuilding(database).forget({(COMMANDS, 0): 0, ("hub.outcomes", 0): 0})
    await project(SqlProjection(database), *records[3:])
    await project(SqlProjection(database), *records[:3])

    assert live == await database.read(image)


async def test_nothing_goes_that_a_ruling_needs(database: Database) -> None:
    """A delivery that is sent again holds the log at its ruling, and its message in the store, until it has arrived."""
    projection, parking = SqlProjection(database), SqlParking(database)
    again = ruling(7, "r1", Verdict.RESEND)
    await project(projection, command(0, "m0"), again)
    await project(
        projection,
        outcome(0, "m0"),
        outcome(1, "m0", state=WAITING, code="hub.resent", ruling="r1", source_offset=7),
    )
    epoch = (await parking.take_over(0, 8)).epoch
    await parking.put(0, epoch, [parked(7, "m0")])
    starts = {(COMMANDS, 0): 5, ("hub.outcomes", 0): 5}

    assert {(COMMANDS, 0): 0} == await database.read(purge.owed)
    assert {"m0": 7} == await database.read(lambda connection: purge.last_records(connection, ["m0", "r1"]))
    assert {} == await database.read(lambda connection: purge.settled(connection, ["m0", "r1"], starts))

    await project(projection, outcome(2, "m0", source_offset=7))
    await parking.settle(0, epoch, [DeliveryId("m0", SYNC, 0)])
    assert {} == await database.read(purge.owed)
    assert {} == await database.read(lambda connection: purge.settled(connection, ["m0", "r1"], starts))
    beyond = {(COMMANDS, 0): 8, ("hub.outcomes", 0): 3}
    gone = await database.write(lambda connection: purge.purge_messages(connection, ["m0", "r1"], beyond))
    assert 2 == gone
