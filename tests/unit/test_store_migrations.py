"""The migrations make exactly the tables that the code names."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, create_engine, create_mock_engine, text

from hub.errors import ConfigInvalid
from hub.store.dialect import upsert
from hub.store.migrate import migrate
from hub.store.tables import KEYS, STORE

SCHEMAS = pytest.mark.parametrize("schema", [STORE, KEYS], ids=["store", "keys"])
SHAPES = text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' AND sql IS NOT NULL ORDER BY name")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty database."""
    engine = create_engine(f"sqlite:///{tmp_path}/migrated.db")
    yield engine
    engine.dispose()


@SCHEMAS
def test_equals_the_tables(engine: Engine, schema: MetaData) -> None:
    """Alembic finds nothing to change between a migrated database and the tables."""
    migrate(engine, schema)

    with engine.connect() as connection:
        assert [] == compare_metadata(MigrationContext.configure(connection), schema)


@SCHEMAS
def test_equals_creation(engine: Engine, schema: MetaData) -> None:
    """A migrated database has the very statements that the tables would be created with."""
    created = create_engine("sqlite://")
    schema.create_all(created)
    migrate(engine, schema)

    assert _shapes(created) == _shapes(engine)
    created.dispose()


@SCHEMAS
def test_again(engine: Engine, schema: MetaData) -> None:
    """Migrating again changes nothing."""
    migrate(engine, schema)
    before = _shapes(engine)
    migrate(engine, schema)

    assert before == _shapes(engine)
    assert before != {}


def test_newer_hub(engine: Engine) -> None:
    """A database of a newer hub is refused, and its name is told."""
    migrate(engine, STORE)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'store_9999'"))

    with pytest.raises(ConfigInvalid, match=r"migrated\.db: written by another version of the hub"):
        migrate(engine, STORE)


def test_wrong_file(engine: Engine) -> None:
    """A key store is not taken for a store."""
    migrate(engine, KEYS)

    with pytest.raises(ConfigInvalid, match="written by another version"):
        migrate(engine, STORE)


def _shapes(engine: Engine) -> dict[str, str]:
    with engine.connect() as connection:
        return {row.name: " ".join(row.sql.split()) for row in connection.execute(SHAPES)}


@SCHEMAS
def test_postgresql_spelling(schema: MetaData) -> None:
    """The tables, their indexes and the overwriting INSERT of each can be said in PostgreSQL's dialect."""
    created: list[str] = []

    def say(statement: Any, *_: Any) -> None:
        created.append(str(statement.compile(dialect=postgres.dialect)))

    postgres = create_mock_engine("postgresql+asyncpg://", say)
    schema.create_all(postgres, checkfirst=False)
    wide = [table for table in schema.sorted_tables if len(table.columns) > 1]
    upserts = [str(upsert(cast("Connection", postgres), table).compile(dialect=postgres.dialect)) for table in wide]

    assert len(schema.sorted_tables) == sum("CREATE TABLE" in statement for statement in created)
    assert ["DO UPDATE SET"] * len(wide) == [said[said.index("DO") :][:13] for said in upserts]
