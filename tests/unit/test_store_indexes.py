"""What the statements of the store cost on SQLite."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from hub.ports import DeliveryId, LaneKey, ProjectedBatch
from hub.store import tables
from hub.store.events.events import SqlEvents
from hub.store.inbox import SqlInbox
from hub.store.parking import SqlParking
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.sqlite.database import SqliteDatabase
from tests.contracts.store_suite import (
    DOSSIER,
    PORTAL,
    SYNC,
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


async def test_no_table_is_read_whole(database: SqliteDatabase) -> None:
    """Every statement of the ports finds its rows by an index; only the few counts are read from end to end.

    Lists that a statement is given are gone through, too.
    """
    inbox, parking, projection = SqlInbox(database), SqlParking(database), SqlProjection(database)
    events = SqlEvents(database, "urn:hub")
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
    await events.apply("hub.commands", {0: ProjectedBatch([command(0, "m1"), command(1, "m2")], 2)})
    await events.apply("hub.outcomes", {0: ProjectedBatch([outcome(0)], 1)})
    await events.published(await events.outbox([0], 10), {0: 3})
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
    assert {"SCAN tally", "SCAN json_each VIRTUAL TABLE INDEX 1:"} == scanned
    assert len(plans) > 30


def _plan_of(statement: str) -> Any:
    """Return a unit that asks SQLite how it would run a statement."""
    count = statement.count("?")
    return lambda connection: [
        row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", (None,) * count)
    ]
