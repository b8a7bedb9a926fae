"""The store on PostgreSQL keeps the promises of every store."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from hub.ports import Inbox, Keys, Parking, Projection, ReadModels
from hub.store.database import Database
from hub.store.inbox import SqlInbox
from hub.store.keys import SqlKeys
from hub.store.parking import SqlParking
from hub.store.postgres.database import PostgresDatabase
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.tables import KEYS, STORE
from tests.contracts import store_suite
from tests.contracts.postgres_server import emptied, postgres, postgres_migrated
from tests.contracts.store_suite import Ports, opened

__all__ = ["postgres", "postgres_migrated"]


@pytest.fixture
async def database(postgres_migrated: str) -> AsyncIterator[Database]:
    """An empty store."""
    database = await emptied(postgres_migrated, STORE)
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
async def keys(postgres_migrated: str) -> AsyncIterator[Keys]:
    """An empty key store in the same database."""
    database = await emptied(postgres_migrated, KEYS)
    yield await SqlKeys.open(database, bytes(32))
    await database.aclose()


@pytest.fixture
def build() -> Callable[[Database], Ports]:
    """What makes the ports over a database."""
    return _ports


@pytest.fixture
async def reopen(postgres_migrated: str) -> AsyncIterator[Callable[[], Awaitable[Ports]]]:
    """What opens the database again beside the connections that a crash would have left behind."""
    databases = [await emptied(postgres_migrated, STORE)]

    async def open_again() -> Ports:
        databases.append(await PostgresDatabase.open(postgres_migrated, STORE))
        return _ports(databases[-1])

    yield open_again
    for database in databases:
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
