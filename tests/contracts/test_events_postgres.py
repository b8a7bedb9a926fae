"""The status events on PostgreSQL keep the promises of every store."""

from collections.abc import AsyncIterator

import pytest

from hub.store.database import Database
from hub.store.postgres.database import PostgresDatabase
from hub.store.tables import STORE
from tests.contracts.event_suite import EventContract, NewDatabase
from tests.contracts.postgres_server import PostgresServer, emptied, postgres, postgres_migrated

__all__ = ["postgres", "postgres_migrated"]


class TestEvents(EventContract):
    """The ledger of events and its publisher."""

    @pytest.fixture
    async def new_database(self, postgres: PostgresServer, postgres_migrated: str) -> AsyncIterator[NewDatabase]:
        """Empty the shared tables, then make databases of their own."""
        made: list[Database] = []

        async def new() -> Database:
            if made:
                made.append(await PostgresDatabase.open(postgres.create(), STORE))
            else:
                made.append(await emptied(postgres_migrated, STORE))
            return made[-1]

        yield new
        for database in made:
            await database.aclose()
