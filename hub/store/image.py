"""What the store says that comes from the log, in one order: two stores of one log have equal images."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, select

from hub.store import tables

Image = Mapping[str, Sequence[tuple[Any, ...]]]
"""The rows by table, each table's by primary key."""


def image(connection: Connection) -> Image:
    """Return every row that `SqlProjection.apply` makes, and of the inbox which messages were seen in the log.

    Nothing is left out but a count of nothing: one that went back to 0 says the same as one that never was.
    """
    accepted = select(tables.inbox.c.message_id).where(tables.inbox.c.accepted)
    return {
        "message": _rows(connection, tables.message),
        "delivery": _rows(connection, tables.delivery),
        "hop": _rows(connection, tables.hop),
        "audit": _rows(connection, tables.audit),
        "tally": _rows(connection, tables.tally, tables.tally.c.amount != 0),
        "dossier": _rows(connection, tables.dossier),
        "projection": _rows(connection, tables.projection),
        "inbox": sorted(tuple(row) for row in connection.execute(accepted)),
    }


def _rows(connection: Connection, table: Table, *wanted: ColumnElement[bool]) -> Sequence[tuple[Any, ...]]:
    """Return rows by their primary key. Sorted here, for databases sort texts each in its own way."""
    key = [table.columns.keys().index(column.name) for column in table.primary_key.columns]
    rows = [tuple(row) for row in connection.execute(select(table).where(*wanted))]
    return sorted(rows, key=lambda row: [row[at] for at in key])
