"""Retention on every store: what is kept long enough goes, what is owed stays, and nothing else notices."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from hub.errors import ConfigInvalid, Unavailable, Unsealable
from hub.events.publisher import Publisher
from hub.pipeline.retention import Policy
from hub.ports import ReservationState
from hub.store import tables
from hub.store.database import Database, Result, Unit
from hub.store.inbox import SqlInbox
from hub.store.keys import SqlKeys
from hub.store.parking import SqlParking
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.rebuilding import Rebuilding
from hub.store.retention import purge
from hub.store.retention.records import OldRecords
from hub.store.retention.retention import Purged, Retention
from hub.store.retention.rows import OldRows
from hub.streams.projector import Projector
from hub.telemetry import Metrics
from schemas.audit import AuditEvent, AuditRecord
from schemas.delivery import DeliveryState
from tests.clock import ManualClock
from tests.contracts.either_store import database, keys_database, kind, new_database, postgres, postgres_migrated
from tests.contracts.event_suite import PARTITIONS, Site, UnsteadyLog, dossier
from tests.contracts.store_suite import COMMANDS, OUTCOMES, T0, command, outcome, parked, project, reservation

__all__ = ["database", "keys_database", "kind", "new_database", "postgres", "postgres_migrated"]

GROUP = "hub.delivery"
DAYS = dict.fromkeys((COMMANDS, OUTCOMES, "hub.events"), 30)
POLICY = Policy(
    topics_days=DAYS,
    ledger_days=365,
    inbox_days=90,
    audit_days=3650,
    orders_days=400,
    reconciliation_days=400,
    erase_keys=True,
)
SHORT = Policy(topics_days={}, ledger_days=30, inbox_days=1, audit_days=1, orders_days=30, reconciliation_days=1)
OLD = T0 + timedelta(days=1)
BEYOND = {(topic, partition): 10**6 for topic in (COMMANDS, OUTCOMES) for partition in range(2)}
UNDELIVERED = [DeliveryState.WAITING, DeliveryState.IN_FLIGHT, DeliveryState.PARKED, DeliveryState.IN_DOUBT]


class HastyClock(ManualClock):
    """Nobody waits."""

    async def sleep(self, delay_s: float) -> None:
        """Let others have their turn."""
        await asyncio.sleep(0)


@pytest.fixture
async def keys(keys_database: Database) -> SqlKeys:
    """An empty key store of either kind."""
    return await SqlKeys.open(keys_database, bytes(32))


async def rows(database: Database, table: Table) -> int:
    """Count."""
    return await database.read(lambda it: it.scalar(select(func.count()).select_from(table)) or 0)


async def ids(database: Database, table: Table) -> list[str]:
    """Return the messages that a table knows."""
    return sorted(await database.read(lambda it: it.scalars(select(table.c.message_id).distinct()).all()))


async def every(database: Database, table: Table) -> list[tuple[Any, ...]]:
    """Return all rows."""
    return await database.read(lambda it: sorted((tuple(row) for row in it.execute(select(table))), key=repr))


# --- units


@pytest.mark.parametrize("state", [*UNDELIVERED, DeliveryState.DEAD])
async def test_what_is_undelivered_is_owed_and_stays(database: Database, state: DeliveryState) -> None:
    """Its first record and its first outcome hold the log, and its rows stay however old they are."""
    projection = SqlProjection(database)
    await project(projection, command(0, "m0"), command(4, "m4", revision=2), command(7, "m7", revision=3))
    await project(
        projection,
        outcome(0, "m0"),
        outcome(2, "m4", source_offset=4, state=DeliveryState.PARKED),
        outcome(3, "m4", source_offset=4, state=state),
        outcome(5, "m7", source_offset=7),
    )

    owed = await database.read(purge.owed)
    removed = await database.write(lambda it: purge.purge_messages(it, ["m0", "m4", "m7"], BEYOND))

    assert {(COMMANDS, 0): 4} == owed
    assert 2 == removed
    assert ["m4"] == await ids(database, tables.message) == await ids(database, tables.hop)


async def test_what_lies_in_a_lane_is_owed_and_stays(database: Database) -> None:
    """Also when the ledger believes that it is delivered; a tombstone is not owed."""
    projection, parking = SqlProjection(database), SqlParking(database)
    await project(projection, command(1, "m1"), command(3, "m3", revision=2))
    await project(projection, outcome(0, "m1", source_offset=1), outcome(1, "m3", source_offset=3))
    epoch = (await parking.take_over(0, 0)).epoch
    await parking.put(0, epoch, [parked(1, "m1"), parked(3, "m3")])
    await parking.settle(0, epoch, [parked(1, "m1").id])

    owed = await database.read(purge.owed)
    removed = await database.write(lambda it: purge.purge_messages(it, ["m1", "m3"], BEYOND))

    assert {(COMMANDS, 0): 3} == owed
    assert (1, ["m3"]) == (removed, await ids(database, tables.message))


async def test_what_the_log_still_holds_stays(database: Database) -> None:
    """A later record of the message, or an outcome: reading it again would count it twice."""
    projection = SqlProjection(database)
    await project(
        projection,
        command(0, "again"),
        command(1, "told", revision=2),
        command(2, "gone", revision=3),
        command(9, "again", reappended=True),
    )
    await project(
        projection,
        outcome(0, "again"),
        outcome(1, "gone", source_offset=2),
        outcome(8, "told", source_offset=1),
    )
    starts = {(COMMANDS, 0): 5, (OUTCOMES, 0): 5}

    removed = await database.write(lambda it: purge.purge_messages(it, ["again", "gone", "told"], starts))

    assert 1 == removed
    assert ["again", "told"] == await ids(database, tables.message) == await ids(database, tables.delivery)


async def test_counts_and_heads_stay(database: Database) -> None:
    """The counts are those of all time, and a revision that was there before is told so."""
    projection, inbox = SqlProjection(database), SqlInbox(database)
    await inbox.reserve(reservation())
    await project(projection, command(0, "m-k1"))
    await project(projection, outcome(0, "m-k1"))
    before = await SqlReadModels(database).overview()

    await database.write(lambda it: purge.purge_inbox(it, ["m-k1"], {}))
    await database.write(lambda it: purge.purge_messages(it, ["m-k1"], BEYOND))

    assert 1 == before.accepted
    assert before == await SqlReadModels(database).overview()
    assert 0 == await rows(database, tables.message)
    assert ReservationState.REVISION_BACKWARDS == (await inbox.reserve(reservation())).state


async def test_keys_of_requests_go_when_their_message_is_final(database: Database) -> None:
    """Old, and delivered; what is waiting is recognised for ever."""
    projection, inbox = SqlProjection(database), SqlInbox(database)
    for number, key in enumerate(("done", "open"), start=1):
        await inbox.reserve(reservation(key, revision=number))
    await project(projection, command(0, "m-done"), command(1, "m-open", revision=2))
    await project(projection, outcome(0, "m-done"))

    looked = await database.read(lambda it: purge.aged_in_inbox(it, "", OLD, 10))
    young = await database.read(lambda it: purge.aged_in_inbox(it, "", T0, 10))
    removed = await database.write(lambda it: purge.purge_inbox(it, looked.ids, {}))

    assert (["m-done", "m-open"], None) == (looked.ids, looked.after)
    assert [] == young.ids
    assert (1, ["m-open"]) == (removed, await ids(database, tables.inbox))


async def test_what_was_reserved_and_never_came_into_the_log_goes_when_that_is_certain(database: Database) -> None:
    """Not while the commands have a record that nobody has read: it may be that one. A repeat is never a new one."""
    projection, inbox = SqlProjection(database), SqlInbox(database)
    await inbox.reserve(reservation("never"))
    await inbox.reserve(reservation("unread", revision=2))
    await project(projection, command(0, "m-other"))
    both, ends = ["m-never", "m-unread"], {(COMMANDS, 0): 2, (COMMANDS, 1): 0}

    early = await database.write(lambda it: purge.purge_inbox(it, both, ends))
    await project(projection, command(1, "m-unread", revision=2))
    late = await database.write(lambda it: purge.purge_inbox(it, both, ends))

    assert (0, 1, ["m-unread"]) == (early, late, await ids(database, tables.inbox))
    assert ReservationState.REVISION_BACKWARDS == (await inbox.reserve(reservation("never"))).state
    assert ReservationState.ACCEPTED == (await inbox.reserve(reservation("unread", revision=2))).state


async def test_the_audit_goes_from_its_oldest_row_on(database: Database) -> None:
    """Up to the first that is younger, or still in the log; a few at a time."""
    rows_ = [
        {"partition": 0, "offset": at, **_audited(T0 + timedelta(days=at)).model_dump(), "event": "asked"}
        for at in range(6)
    ]
    await database.write(lambda it: it.execute(tables.audit.insert(), rows_))

    before = T0 + timedelta(days=4)
    steps = [await database.write(lambda it: purge.purge_audit(it, 0, 5, before, 3)) for _ in range(3)]

    assert [3, 1, 0] == steps
    assert 2 == await rows(database, tables.audit)
    assert 0 == await database.write(lambda it: purge.purge_audit(it, 0, 4, OLD + timedelta(days=99), 3))


async def test_tombstones_go_with_their_records(database: Database) -> None:
    """Those of records below the start of the log, and no row that is alive."""
    parking = SqlParking(database)
    epoch = (await parking.take_over(0, 0)).epoch
    await parking.put(0, epoch, [parked(at, f"m{at}") for at in range(4)])
    await parking.settle(0, epoch, [parked(at, f"m{at}").id for at in (0, 2, 3)])

    assert 2 == await database.write(lambda it: purge.purge_tombstones(it, 0, 3, 10))
    assert ["m1", "m3"] == await ids(database, tables.parked)


def test_the_store_remembers_longer_than_the_log() -> None:
    """Days that say otherwise are refused, with the topic that they concern."""
    with pytest.raises(ConfigInvalid, match=r"hub\.outcomes is kept longer"):
        replace(SHORT, topics_days={OUTCOMES: 31})
    with pytest.raises(ConfigInvalid, match="orders are forgotten before"):
        replace(SHORT, orders_days=29)


# --- the whole


class Failing:
    """A database whose writes fail after so many."""

    def __init__(self, database: Database, writes: int) -> None:
        self._database = database
        self._writes = writes

    async def write(self, unit: Unit[Result]) -> Result:
        """Write, or fail."""
        self._writes -= 1
        if self._writes < 0:
            raise Unavailable("gone")
        return await self._database.write(unit)

    async def read(self, unit: Unit[Result]) -> Result:
        """Read."""
        return await self._database.read(unit)

    async def aclose(self) -> None:
        """Do nothing."""


class Place(Site):
    """A hub's log and store, and the retention over them."""

    def __init__(self, database: Database, keys: SqlKeys, clock: HastyClock) -> None:
        super().__init__(database, UnsteadyLog(clock), clock)
        self.keys = keys
        self.projection = SqlProjection(database)
        self.metrics = Metrics()
        self.retention = self.new_retention()

    def new_retention(self, **bounds: Any) -> Retention:
        """Make one."""
        records = OldRecords(
            log=self.log,
            trimming=self.log,
            database=self.database,
            topics_days=DAYS,
            groups={COMMANDS: [GROUP]},
            clock=self.clock,
            **bounds,
        )
        rows = OldRows(database=self.database, erasure=self.keys, policy=POLICY, clock=self.clock, batch_rows=2)
        return Retention(records, rows, self.metrics)

    async def deliver(self, number: int, state: DeliveryState | None = DeliveryState.DELIVERED) -> str:
        """Take a dossier in, and let it come to a state."""
        code, message_id = dossier(number), f"m{number}"
        key_id, _ = await self.keys.key_for(code)
        at = await self.accept(code, message_id)
        if state is not None:
            await self.outcome(code, message_id, at, state)
        return key_id

    async def catch_up(self, *, commit: bool = True) -> None:
        """Let everybody read everything."""
        projector = Projector(self.log, self.projection, self.clock, self.metrics)
        for topic in (COMMANDS, OUTCOMES):
            for partition in range(PARTITIONS):
                await projector.catch_up(topic, partition)
        self.publisher = Publisher(self.log, self.store, self.clock)
        await self.settle()
        if commit:
            ends = {each: (await self.log.bounds(COMMANDS, each)).end for each in range(PARTITIONS)}
            await self.log.commit(GROUP, COMMANDS, ends)

    async def after(self, days: float) -> Purged:
        """Let time pass, and run."""
        await self.clock.advance(days * 86400)
        return await self.retention.run_once()

    async def held(self, topic: str) -> int:
        """Count the records of a topic."""
        bounds = [await self.log.bounds(topic, each) for each in range(PARTITIONS)]
        return sum(each.end - each.start for each in bounds)


@pytest.fixture
async def place(database: Database, keys: SqlKeys) -> Place:
    """An empty hub."""
    return Place(database, keys, HastyClock())


async def test_the_log_goes_first_and_the_ledger_later(place: Place) -> None:
    """After 29 days nothing, after 31 the log, after 366 the rows; what is told and counted stays."""
    for number in range(6):
        await place.deliver(number)
    await place.catch_up()
    overview = await SqlReadModels(place.database).overview()

    young = await place.after(29)
    old = await place.after(2)
    kept = await rows(place.database, tables.hop)
    older = await place.after(335)
    again = await place.retention.run_once()

    assert Purged() == young
    assert {COMMANDS: 6, OUTCOMES: 6, "hub.events": 18} == old.records
    assert ({}, 6) == (old.rows, kept)
    assert ({}, {"messages": 6}) == (older.records, older.rows)
    assert Purged() == again
    for table in (tables.message, tables.delivery, tables.hop, tables.event_message, tables.event_delivery):
        assert 0 == await rows(place.database, table)
    assert 6 == overview.accepted
    assert overview == await SqlReadModels(place.database).overview()


async def test_numbers_of_events_go_on(place: Place) -> None:
    """A dossier that is heard of again after years gets the next number, not the first."""
    await place.deliver(1)
    await place.catch_up()
    await place.after(366)
    await place.accept(dossier(1), "m-later")
    await place.catch_up()

    assert [4] == [event["seq"] for event in await place.events()]


@pytest.mark.parametrize("state", [None, *UNDELIVERED[1:], DeliveryState.DEAD])
async def test_nothing_undelivered_ever_goes(place: Place, state: DeliveryState | None) -> None:
    """Ten years later the log holds its record and its outcome, the store its rows, and its key opens them."""
    for number in range(4):
        await place.deliver(number)
    key_id = await place.deliver(9, state)
    for number in range(10, 14):
        await place.deliver(number)
    await place.catch_up()

    purged = await place.after(3650)

    partition = place.log.partition_of(COMMANDS, dossier(9).encode())
    command_, *_ = await place.log.read(COMMANDS, partition, 0, 1)
    assert dossier(9).encode() == command_.key
    if state is not None:
        outcome_, *_ = await place.log.read(OUTCOMES, partition, 0, 1)
        assert dossier(9).encode() == outcome_.key
    assert 1 == purged.kept[COMMANDS, "owed"]
    assert "m9" in await ids(place.database, tables.message)
    assert await place.keys.key(key_id)


async def test_no_outcome_goes_before_its_command(place: Place) -> None:
    """One undelivered message holds younger commands, and their outcomes with them: the log alone says what is owed."""
    await place.accept(dossier(5), "m-first")
    await place.deliver(5)
    await place.catch_up()

    purged = await place.after(40)

    assert (2, 1) == (await place.held(COMMANDS), await place.held(OUTCOMES))
    assert 1 == purged.kept[OUTCOMES, "command"]


async def test_what_may_have_overtaken_the_undelivered_stays(place: Place) -> None:
    """The minutes before it are read again when its lane is lost; an hour before may go."""
    await place.deliver(5)
    await place.clock.advance(3600)
    at = await place.accept(dossier(5), "newer")
    await place.outcome(dossier(5), "newer", at, DeliveryState.DELIVERED)
    await place.clock.advance(50)
    await place.accept(dossier(5), "open")
    await place.catch_up()

    purged = await place.after(40)

    assert (2, 1) == (await place.held(COMMANDS), await place.held(OUTCOMES))
    assert 1 == purged.kept[COMMANDS, "owed"]


async def test_an_outcome_waits_for_the_repetition_of_its_command(place: Place) -> None:
    """A message that was appended again is in the log until its later record goes."""
    first = await place.accept(dossier(5), "m5")
    await place.outcome(dossier(5), "m5", first, DeliveryState.DELIVERED)
    await place.clock.advance(3600)
    await place.accept(dossier(5), "m-open")
    await place.accept(dossier(5), "m5")
    await place.catch_up()

    await place.after(40)

    assert (2, 1) == (await place.held(COMMANDS), await place.held(OUTCOMES))


async def test_what_delivery_has_not_read_stays(place: Place) -> None:
    """A group that committed nothing holds its topic, and what holds it is shown."""
    for number in range(8):
        await place.deliver(number)
    await place.catch_up(commit=False)

    purged = await place.after(40)

    assert (8, 8) == (await place.held(COMMANDS), await place.held(OUTCOMES))
    assert {"hub.delivery"} == {held_by for (topic, held_by) in purged.kept if topic == COMMANDS}
    assert b'hub_kept_partitions{by="hub.delivery",topic="hub.commands"}' in place.metrics.render()[0]


async def test_what_a_projection_has_not_read_stays(place: Place) -> None:
    """Neither read models nor status events may miss a record; one at a time, each holds both topics."""
    for number in range(8):
        await place.deliver(number)
    await place.settle()
    ends = {each: (await place.log.bounds(COMMANDS, each)).end for each in range(PARTITIONS)}
    await place.log.commit(GROUP, COMMANDS, ends)

    purged = await place.after(40)

    assert (8, 8) == (await place.held(COMMANDS), await place.held(OUTCOMES))
    assert {"read models"} == {held_by for (topic, held_by) in purged.kept if topic != "hub.events"}


async def test_a_run_is_bounded_and_the_next_goes_on(place: Place) -> None:
    """Two records a partition and run; some runs later nothing is left."""
    for number in range(24):
        await place.deliver(number)
    await place.catch_up()
    place.retention = place.new_retention(records_max=2)
    runs: list[Mapping[str, int]] = [(await place.after(31)).records]
    while runs[-1]:
        runs.append((await place.retention.run_once()).records)

    assert all(run[topic] <= 2 * PARTITIONS for run in runs for topic in run)
    assert 3 < len(runs) < 40
    assert 0 == await place.held(COMMANDS)


async def test_the_key_goes_with_the_last_message(place: Place) -> None:
    """A dossier that has a younger message keeps its key; the others are erased, also in copies of the log."""
    gone, kept = await place.deliver(1), await place.deliver(2)
    await place.catch_up()
    await place.clock.advance(200 * 86400)
    at = await place.accept(dossier(2), "m2-later")
    await place.outcome(dossier(2), "m2-later", at, DeliveryState.DELIVERED)
    await place.catch_up()

    await place.after(200)

    assert ["m2-later"] == await ids(place.database, tables.message)
    assert await place.keys.key(kept)
    with pytest.raises(Unsealable, match="was destroyed"):
        await place.keys.key(gone)


async def test_a_rebuild_keeps_what_the_log_has_let_go(place: Place) -> None:
    """Every row and every count is afterwards what it was; what the log still holds was read again."""
    for number in range(6):
        await place.deliver(number)
    await place.catch_up()
    await place.after(31)
    for number, state in enumerate((DeliveryState.DELIVERED, DeliveryState.DEAD, None, DeliveryState.PARKED), start=4):
        at = await place.accept(dossier(number), f"later{number}")
        if state is not None:
            await place.outcome(dossier(number), f"later{number}", at, state)
    await place.catch_up()
    built = (tables.message, tables.delivery, tables.hop, tables.tally, tables.projection)
    before = [await every(place.database, table) for table in built]
    starts = {
        (topic, each): (await place.log.bounds(topic, each)).start for topic in DAYS for each in range(PARTITIONS)
    }

    await Rebuilding(place.database).forget(starts)
    left = await rows(place.database, tables.message)
    await place.catch_up()

    assert 6 == left
    assert before == [await every(place.database, table) for table in built]


@pytest.mark.parametrize("steps", range(4))
async def test_a_rebuild_that_is_cut_off_makes_nothing_owed(place: Place, steps: int) -> None:
    """After however many partitions it ended: what was delivered is delivered once everything was read again."""
    for number in range(6):
        await place.deliver(number)
    await place.catch_up()
    await place.after(31)
    for number in range(6):
        at = await place.accept(dossier(number), f"later{number}")
        await place.outcome(dossier(number), f"later{number}", at, DeliveryState.DELIVERED)
    await place.catch_up()
    starts = {
        (topic, each): (await place.log.bounds(topic, each)).start for topic in DAYS for each in range(PARTITIONS)
    }

    with pytest.raises(Unavailable):
        await Rebuilding(Failing(place.database, 3 * steps)).forget(starts)
    for topic in (COMMANDS, OUTCOMES):
        for partition in range(PARTITIONS):
            await Projector(place.log, place.projection, place.clock, place.metrics).catch_up(topic, partition)

    lines = await every(place.database, tables.delivery)
    assert {"delivered"} == {line[tables.delivery.c.keys().index("state")] for line in lines}
    assert {} == await place.database.read(purge.owed)


async def test_a_rebuild_of_everything_forgets_everything(place: Place) -> None:
    """Where the log reaches back to its beginning, wrong counts are put right, too."""
    await place.deliver(1)
    await place.catch_up()
    right = await every(place.database, tables.tally)
    await place.database.write(lambda it: it.execute(tables.tally.update().values(amount=77)))

    await Rebuilding(place.database).forget({(COMMANDS, each): 0 for each in range(PARTITIONS)})
    await place.catch_up()

    assert right == await every(place.database, tables.tally)


def _audited(at: Any) -> AuditRecord:
    return AuditRecord(
        event=AuditEvent.ASKED,
        request_id="r",
        at=at,
        agency="H56.14",
        system="mot-cua",
        officer="",
        service="citizen",
        purpose="dossier",
        procedure="",
        dossier_code="",
        subject="",
        source="",
    )
