"""The one place that knows which database it speaks to."""

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

ConflictInsert = sqlite.Insert | postgresql.Insert
"""An INSERT that can say what happens when the row is there; both dialects spell it alike."""


def conflict_insert(connection: Connection, table: Table) -> ConflictInsert:
    """Return an INSERT of the connection's dialect."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: Connection, table: Table) -> ConflictInsert:
    """Return an INSERT that overwrites every other column of a row whose primary key is there."""
    insert = conflict_insert(connection, table)
    fresh = {column.name: insert.excluded[column.name] for column in table.columns if not column.primary_key}
    return insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=fresh)
