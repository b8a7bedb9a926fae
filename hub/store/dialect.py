"""The one place that knows which database it speaks to."""

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Integer,
    Table,
    any_,
    bindparam,
    column,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

ConflictInsert = sqlite.Insert | postgresql.Insert
"""An INSERT that can say what happens when the row is there; both dialects spell it alike."""


class Turn(IntEnum):
    """What is done by one transaction at a time, whichever process it belongs to."""

    SCHEMA = 0x48554201
    """Changing the tables of one schema."""
    MASTER_KEY = 0x48554202
    """Deciding which master key wraps the data keys."""
    LEDGER = 0x48554203
    """Changing the deliveries of one partition of the commands."""
    KINSHIP = 0x48554204
    """Giving the store its name."""
    RECONCILIATION = 0x48554205
    """Taking a run of the reconciliation."""


def take_turns(connection: Connection, turn: Turn, numbers: Iterable[int] = (0,)) -> None:
    """Wait until no other transaction has the turn under any of these numbers, and keep it until the end of this one.

    In SQLite nothing is done: there is one writer, and it has every turn.
    """
    if connection.dialect.name == "postgresql":
        # In one order, so that two never wait for each other in a ring.
        connection.execute(_TURNS, {"turn": int(turn), "numbers": sorted(numbers)})


def among(connection: Connection, wanted: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column has one of the values.

    PostgreSQL takes them as one array: a list of them would be another statement for each number of values, and each
    statement is planned anew.
    """
    if connection.dialect.name == "postgresql":
        return wanted == any_(bindparam(None, list(values), type_=ARRAY(wanted.type)))
    return wanted.in_(list(values))


def empty(connection: Connection, tables: Iterable[Table]) -> None:
    """Remove every row. PostgreSQL drops the files at once, where removing row by row could outlast every time-out."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(connection.dialect.identifier_preparer.format_table(table) for table in tables)
        connection.execute(text(f"TRUNCATE {names}"))
        return
    for table in tables:
        connection.execute(delete(table))


def overwrite_what_goes(connection: Connection) -> None:
    """Have removed and replaced bytes overwritten in the file. In PostgreSQL they stay until the table is vacuumed."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON").close()


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


_NUMBERS = (
    func.unnest(bindparam("numbers", type_=ARRAY(Integer))).table_valued(column("number", Integer)).render_derived()
)
_TURNS = select(func.pg_advisory_xact_lock(bindparam("turn", type_=Integer), _NUMBERS.c.number)).select_from(_NUMBERS)
