"""The one place that knows which database it speaks to."""

from functools import lru_cache

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

ConflictInsert = sqlite.Insert | postgresql.Insert
"""An INSERT that can say what happens when the row is there; both dialects spell it alike."""


def upsert(connection: Connection, table: Table) -> ConflictInsert:
    """Return an INSERT that overwrites every other column of a row whose primary key is there."""
    return _upsert(connection.dialect.name, table)


def conflict_insert(connection: Connection, table: Table) -> ConflictInsert:
    """Return an INSERT of the connection's dialect."""
    return _insert(connection.dialect.name, table)


# Statements are made once: putting one together costs more than running it.
@lru_cache(maxsize=128)
def _upsert(dialect: str, table: Table) -> ConflictInsert:
    insert = _insert(dialect, table)
    fresh = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=fresh)


@lru_cache(maxsize=128)
def _insert(dialect: str, table: Table) -> ConflictInsert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
