"""The store on SQLite keeps the promises of every store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from hub.ports import Inbox, Keys, Parking, Projection, ReadModels
from hub.store.database import Database
from hub.store.inbox import SqlInbox
from hub.store.keys import SqlKeys
from hub.store.parking import SqlParking
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import KEYS, STORE
from tests.contracts import store_suite
from tests.contracts.store_suite import Ports, opened


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh store.db."""
    database = await SqliteDatabase.open(tmp_path / "store.db", STORE)
    yield database
    await database.aclose()


@pytest.fixture
def projection(database: Database) -> Projection:
    """The projection of the store."""
    return SqlProjection(database)


@pytest.fixture
def inbox(database: Database) -> Inbox:
    """The inbox of the store."""
    return SqlInbox(database)


@pytest.fixture
def parking(database: Database) -> Parking:
    """The parking place of the store."""
    return SqlParking(database)


@pytest.fixture
def read_models(database: Database) -> ReadModels:
    """The read models of the store."""
    return SqlReadModels(database, opened)


@pytest.fixture
async def keys(tmp_path: Path) -> AsyncIterator[Keys]:
    """A fresh keys.db."""
    database = await SqliteDatabase.open(tmp_path / "keys.db", KEYS)
    yield await SqlKeys.open(database, bytes(32))
    await database.aclose()


@pytest.fixture
def build() -> Callable[[Database], Ports]:
    """What makes the ports over a database."""
    return _ports


@pytest.fixture
async def reopen(tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Ports]]]:
    """What opens the file again beside the handles that a crash would have left behind."""
    opened_databases: list[SqliteDatabase] = []

    async def open_again() -> Ports:
        opened_databases.append(await SqliteDatabase.open(tmp_path / "store.db", STORE))
        return _ports(opened_databases[-1])

    yield open_again
    for database in opened_databases:
        await database.aclose()


def _ports(database: Database) -> Ports:
    return Ports(SqlInbox(database), SqlParking(database), SqlProjection(database), SqlReadModels(database, opened))


class TestInbox(store_suite.InboxContract):
    """The inbox."""


class TestParking(store_suite.ParkingContract):
    """The parking place."""


class TestProjection(store_suite.ProjectionContract):
    """The projection and the read models."""


class TestKeys(store_suite.KeysContract):
    """The keys."""


class TestErasure(store_suite.ErasureContract):
    """The end of a key."""


class TestDatabase(store_suite.DatabaseContract):
    """The database."""


class TestAtomic(store_suite.AtomicContract):
    """Whole or not at all."""


class TestDurable(store_suite.DurableContract):
    """After a crash."""
