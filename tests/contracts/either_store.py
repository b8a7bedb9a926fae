"""Databases of either kind, for tests that both homes of the store must pass unchanged.

Import the fixtures where they are needed, with those that they need: `from tests.contracts.either_store import
database, kind, new_database, postgres, postgres_migrated`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.postgres.database import PostgresDatabase
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import KEYS, STORE
from tests.contracts.postgres_server import PostgresServer, emptied, postgres, postgres_migrated

__all__ = ["NewDatabase", "database", "keys_database", "kind", "new_database", "postgres", "postgres_migrated"]

NewDatabase = Callable[[], Awaitable[Database]]


@pytest.fixture(params=["sqlite", "postgres"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return str(request.param)


@pytest.fixture
async def new_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[NewDatabase]:
    """What opens empty stores, each apart from the others."""
    made: list[Database] = []

    async def new() -> Database:
        made.append(await (_sqlite(tmp_path, len(made)) if kind == "sqlite" else _postgres(request, len(made))))
        return made[-1]

    yield new
    for each in made:
        await each.aclose()


@pytest.fixture
async def database(new_database: NewDatabase) -> Database:
    """An empty store."""
    return await new_database()


@pytest.fixture
async def keys_database(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty key store."""
    opened: Database
    if kind == "sqlite":
        opened = await SqliteDatabase.open(tmp_path / "keys.db", KEYS)
    else:
        opened = await emptied(request.getfixturevalue("postgres_migrated"), KEYS)
    yield opened
    await opened.aclose()


async def _sqlite(folder: Path, number: int) -> Database:
    return await SqliteDatabase.open(folder / (f"store-{number}.db" if number else "store.db"), STORE)


async def _postgres(request: pytest.FixtureRequest, number: int) -> Database:
    """Only the first is in the database that all tests share."""
    if not number:
        return await emptied(request.getfixturevalue("postgres_migrated"), STORE)
    server: PostgresServer = request.getfixturevalue("postgres")
    return await PostgresDatabase.open(server.create(), STORE)
