"""On PostgreSQL the migrations make exactly the tables that the code names."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text

from hub.errors import ConfigInvalid
from hub.store.postgres.database import PostgresDatabase, schema_name
from hub.store.tables import KEYS, STORE
from tests.contracts.postgres_server import PostgresServer, postgres, postgres_migrated, postgres_url

__all__ = ["postgres", "postgres_migrated", "postgres_url"]

SCHEMAS = pytest.mark.parametrize("schema", [STORE, KEYS], ids=["store", "keys"])


@SCHEMAS
async def test_equals_the_tables(postgres_migrated: str, schema: MetaData) -> None:
    """Alembic finds nothing to change between a migrated database and the tables."""
    database = await PostgresDatabase.open(postgres_migrated, schema)
    changes = await database.read(lambda connection: compare_metadata(MigrationContext.configure(connection), schema))
    await database.aclose()

    assert [] == changes


@SCHEMAS
async def test_own_schema(postgres_migrated: str, schema: MetaData) -> None:
    """All tables lie in the schema of the hub, and none elsewhere."""
    database = await PostgresDatabase.open(postgres_migrated, schema)
    here = await database.read(lambda connection: _tables(connection, schema_name(schema)))
    public = await database.read(lambda connection: _tables(connection, "public"))
    await database.aclose()

    assert {*schema.tables, "alembic_version"} == here
    assert set() == public


@SCHEMAS
async def test_newer_hub(postgres: PostgresServer, postgres_url: str, schema: MetaData) -> None:
    """A database of a newer hub is refused, and its name is told."""
    database = await PostgresDatabase.open(postgres_url, schema)
    await database.write(_pretend_newer)
    await database.aclose()

    with pytest.raises(ConfigInvalid, match="written by another version of the hub"):
        await PostgresDatabase.open(postgres_url, schema)


def _tables(connection: Connection, schema: str) -> set[str]:
    return set(inspect(connection).get_table_names(schema))


def _pretend_newer(connection: Connection) -> None:
    connection.execute(text("UPDATE alembic_version SET version_num = 'of_the_future'"))
