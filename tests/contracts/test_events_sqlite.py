"""The status events on SQLite keep the promises of every store."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from tests.contracts.event_suite import EventContract, NewDatabase


class TestEvents(EventContract):
    """The ledger of events and its publisher."""

    @pytest.fixture
    async def new_database(self, tmp_path: Path) -> AsyncIterator[NewDatabase]:
        """Open files, one after the other."""
        made: list[Database] = []

        async def new() -> Database:
            made.append(await SqliteDatabase.open(tmp_path / f"store-{len(made)}.db", STORE))
            return made[-1]

        yield new
        for database in made:
            await database.aclose()
