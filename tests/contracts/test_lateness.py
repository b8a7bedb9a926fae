"""What waits too long, on both homes of the store."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from hub.ports import DeliveryId, LateDelivery, ProjectedBatch
from hub.store.database import Database
from hub.store.events.events import SqlEvents
from hub.store.lateness import SqlLateness
from hub.store.projection import SqlProjection
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from schemas.delivery import DeliveryState, OutcomeClass, PlannedDelivery
from tests.contracts.postgres_server import emptied, postgres, postgres_migrated
from tests.contracts.store_suite import COMMANDS, OUTCOMES, PORTAL, PROGRESS, SYNC, T0, command, outcome

__all__ = ["postgres", "postgres_migrated"]

LATER = T0 + timedelta(seconds=1)
BOTH = (PlannedDelivery(operation=SYNC, platform=PORTAL), PlannedDelivery(operation=PROGRESS, platform="emc"))


class LatenessContract:
    """Fixture: `database`."""

    async def test_what_is_not_final_waits(self, database: Database) -> None:
        """Whatever became of the other deliveries of its message; by id."""
        await _told(database)

        assert {PORTAL: 1, "emc": 2} == await SqlLateness(database).late(LATER)
        assert [_late("m1", PROGRESS, "emc"), _late("m2", PROGRESS, "emc"), _late("m2", SYNC)] == await _untold(
            database
        )

    async def test_what_was_received_in_time_is_not_late(self, database: Database) -> None:
        """The moment itself is in time."""
        await _told(database)

        assert {} == await SqlLateness(database).late(T0)
        assert [] == await _untold(database, T0)

    async def test_it_comes_in_pages(self, database: Database) -> None:
        """Each begins behind the last delivery of the one before."""
        await _told(database)

        assert [_late("m1", PROGRESS, "emc")] == await _untold(database, limit=1)
        assert [_late("m2", PROGRESS, "emc")] == await _untold(database, after=DeliveryId("m1", PROGRESS, 0), limit=1)
        assert [] == await _untold(database, after=DeliveryId("m2", SYNC, 0))

    async def test_what_was_told_is_counted_and_not_told_again(self, database: Database) -> None:
        """A status event says once that a delivery is late."""
        await _told(database)
        events = SqlEvents(database, "urn:x")
        await events.apply(COMMANDS, {0: ProjectedBatch([command(0, "m1", deliveries=BOTH)], 1, 0)})
        assert await events.note_late(DeliveryId("m1", PROGRESS, 0), T0, LATER)

        assert [_late("m2", PROGRESS, "emc"), _late("m2", SYNC)] == await _untold(database)
        assert {PORTAL: 1, "emc": 2} == await SqlLateness(database).late(LATER)


class TestLatenessSqlite(LatenessContract):
    """On SQLite."""

    @pytest.fixture
    async def database(self, tmp_path: Path) -> AsyncIterator[Database]:
        """A fresh store."""
        database = await SqliteDatabase.open(tmp_path / "store.db", STORE)
        yield database
        await database.aclose()

    async def test_only_open_deliveries_are_looked_at(self, database: Database) -> None:
        """A store with years of deliveries answers as fast as a young one: the planner takes the index of open ones."""
        plan = (
            "EXPLAIN QUERY PLAN SELECT platform, count(*) FROM delivery JOIN message USING (message_id) "
            "WHERE state IN ('waiting', 'in_flight', 'parked', 'in_doubt') AND received_at < 1 GROUP BY platform"
        )
        steps = await database.read(lambda connection: [row.detail for row in connection.execute(text(plan))])

        assert any("ix_delivery_open" in step for step in steps)


class TestLatenessPostgres(LatenessContract):
    """On PostgreSQL."""

    @pytest.fixture
    async def database(self, postgres_migrated: str) -> AsyncIterator[Database]:
        """An empty store."""
        database = await emptied(postgres_migrated, STORE)
        yield database
        await database.aclose()


async def _told(database: Database) -> None:
    """Two messages with two deliveries each; one of the four was delivered. A third message is done with."""
    projection = SqlProjection(database)
    commands = [command(0, "m1", deliveries=BOTH), command(1, "m2", deliveries=BOTH), command(2, "m3")]
    outcomes = [
        outcome(0, "m1"),
        outcome(1, "m2", state=DeliveryState.PARKED, outcome_class=OutcomeClass.UNAVAILABLE),
        outcome(2, "m3", state=DeliveryState.DEAD, outcome_class=OutcomeClass.REFUSED_MESSAGE),
    ]
    await projection.apply(COMMANDS, {0: ProjectedBatch(commands, 3, 0)})
    await projection.apply(OUTCOMES, {0: ProjectedBatch(outcomes, 3, 0)})


async def _untold(
    database: Database, before: datetime = LATER, after: DeliveryId | None = None, limit: int = 10
) -> list[LateDelivery]:
    return list(await SqlLateness(database).untold(before, after, limit))


def _late(message_id: str, operation: str, platform: str = PORTAL) -> LateDelivery:
    return LateDelivery(DeliveryId(message_id, operation, 0), platform, T0)
