"""What the projection writes, and what the queries on it cost."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from hub.ports import DeliveryId, LaneKey
from hub.store import tables
from hub.store.inbox import SqlInbox
from hub.store.parking import SqlParking
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.sqlite.database import SqliteDatabase
from hub.store.timeline import HOPS_MAX, MESSAGES_MAX
from schemas.envelope import Envelope
from tests.contracts.store_suite import (
    DOSSIER,
    PORTAL,
    SYNC,
    T0,
    audited,
    command,
    outcome,
    parked,
    project,
    reservation,
)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """A fresh store.db."""
    database = await SqliteDatabase.open(tmp_path / "store.db", tables.STORE)
    yield database
    await database.aclose()


async def test_audit(database: SqliteDatabase) -> None:
    """Each record of the audit is one row, once, with every field."""
    projection = SqlProjection(database)
    records = [audited(0), audited(1, request_id="r2", result="one", duration_ms=12)]
    await project(projection, *records)
    await project(projection, *records)

    rows = await database.read(lambda connection: connection.execute(select(tables.audit)).all())

    assert [(0, 0, "asked", "r1", "", 0), (0, 1, "asked", "r2", "one", 12)] == [
        (row.partition, row.offset, row.event, row.request_id, row.result, row.duration_ms) for row in rows
    ]
    assert (
        T0,
        "H56.14",
        "mot-cua",
        "canbo01",
        "citizen",
        "1.001193",
        "1.001193",
        DOSSIER,
        "digest",
        "population",
    ) == tuple(rows[0])[4:14]


async def test_ends(database: SqliteDatabase) -> None:
    """The ends of all projected partitions are told, so that a log that is older is noticed."""
    projection = SqlProjection(database)
    await project(projection, command(4))
    await project(projection, outcome(7, partition=3))

    assert {("hub.commands", 0): 5, ("hub.outcomes", 3): 8} == await projection.ends()


async def test_reasons_stay_sealed(database: SqliteDatabase) -> None:
    """A hop keeps the whole envelope of what the platform said, and nothing where it said nothing."""
    told = outcome(1, said=b"sealed bytes")
    await project(SqlProjection(database), outcome(0), told)

    rows = await database.read(lambda connection: connection.execute(select(tables.hop.c.sealed)).scalars().all())

    assert [None, told.record.value] == rows
    assert b"sealed bytes" == Envelope.from_bytes(told.record.value).body


async def test_without_unseal(database: SqliteDatabase) -> None:
    """Read models that cannot unseal tell no reasons."""
    await project(SqlProjection(database), command(0))
    await project(SqlProjection(database), outcome(0, said=b"sealed bytes"))

    timeline = await SqlReadModels(database).timeline(DOSSIER)

    assert timeline is not None
    assert [None, None] == [hop.reason for hop in timeline.messages[0].hops]


async def test_timeline_is_bounded(database: SqliteDatabase) -> None:
    """A timeline tells the newest messages and hops, up to a bound."""
    await project(SqlProjection(database), *(command(n, f"m{n}") for n in range(MESSAGES_MAX + 2)))
    await project(SqlProjection(database), *(outcome(n, "m5") for n in range(HOPS_MAX + 3)))

    timeline = await SqlReadModels(database).timeline(DOSSIER)

    assert timeline is not None
    assert (MESSAGES_MAX, "m2") == (len(timeline.messages), timeline.messages[0].message_id)
    hops = timeline.messages[3].hops
    assert (1 + HOPS_MAX, "accepted", 3) == (len(hops), hops[0].event, (hops[1].at - T0).total_seconds() / 60)


async def test_no_table_is_read_whole(database: SqliteDatabase) -> None:
    """Every statement of the ports finds its rows by an index; only the few counts are read from end to end."""
    inbox, parking, projection = SqlInbox(database), SqlParking(database), SqlProjection(database)
    read_models = SqlReadModels(database)
    statements: set[str] = set()

    def remember(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
            statements.add(statement)

    for engine in (database._writing, database._reading):
        event.listen(engine, "before_cursor_execute", remember)
    await inbox.reserve(reservation())
    await project(projection, command(0, "m1"), command(1, "m2"), command(2, "m1", reappended=True))
    await project(projection, outcome(0))
    epoch = (await parking.take_over(0, 0)).epoch
    await parking.put(0, epoch, [parked(0)])
    await parking.fetch(0, LaneKey(DOSSIER, PORTAL), 10)
    await parking.settle(0, epoch, [DeliveryId("m1", SYNC, 0)])
    await parking.sweep(0, epoch, 1)
    await read_models.overview()
    await read_models.timeline(DOSSIER)
    await read_models.sender_of("m1")
    await read_models.first_offset("m1")

    plans = {statement: await database.read(_plan_of(statement)) for statement in statements}

    scanned = {step for steps in plans.values() for step in steps if "SCAN" in step and "CONSTANT ROW" not in step}
    assert {"SCAN tally"} == scanned
    assert len(plans) > 15


def _plan_of(statement: str) -> Any:
    """Return a unit that asks SQLite how it would run a statement."""
    count = statement.count("?")
    return lambda connection: [
        row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * count)
    ]
