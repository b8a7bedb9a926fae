"""Whole tables, out of one database and into another, as plain values: numbers, texts, bytes, and null."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Self

import asyncpg  # type: ignore[import-untyped]  # it comes without types
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Dialect,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    TypeDecorator,
    collate,
    select,
    tuple_,
    type_coerce,
)
from sqlalchemy.dialects import postgresql

from hub.store.postgres.database import schema_name
from hub.store.postgres.engine import Limits, connector, name_of
from hub.store.postgres.faults import RAISED, verdict

Values = tuple[Any, ...]

_PLAIN = (Text, Integer, BigInteger, Boolean, LargeBinary, Float)
_CHUNK_ROWS_MAX = 5000
_CHUNK_BYTES_MAX = 8 * 1024 * 1024
_PREFETCH_ROWS = 1000
_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it so
_LIMITS = replace(Limits(), statement_s=600.0, idle_s=600.0)


def plain(column: Column[Any]) -> Any:
    """Return a column as the database keeps it. TypeError for one of a type that nobody has looked at yet."""
    kept = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if not isinstance(kept, _PLAIN):
        raise TypeError(f"{column}: no rule how {kept!r} is carried over")
    return type_coerce(column, kept) if kept is not column.type else column


def key_of(table: Table, row: Values) -> Values:
    """Return the primary key of a row."""
    places = [list(table.columns).index(column) for column in table.primary_key.columns]
    return tuple(row[place] for place in places)


def chunk(connection: Connection, table: Table, behind: Values | None) -> list[Values]:
    """Return the next rows of a table in SQLite in the order of its key, from behind a key on; none at its end."""
    keys = list(table.primary_key.columns)
    query = select(*map(plain, table.columns)).order_by(*keys).limit(_CHUNK_ROWS_MAX)
    if behind is not None:
        query = query.where(tuple_(*keys) > tuple_(*behind))
    rows: list[Values] = []
    room = _CHUNK_BYTES_MAX
    with connection.execute(query) as found:
        for row in found:
            rows.append(tuple(row))
            room -= sum(len(value) for value in row if isinstance(value, bytes | str))
            if room <= 0:
                break
    return rows


class PostgresTables:
    """One connection to a migrated schema on PostgreSQL, for whole tables. Made by `open`.

    Errors of all verbs: Unavailable (also when rows may have been added: `last_key` tells), HubFault, ConfigInvalid.
    """

    def __init__(self, connection: asyncpg.Connection, name: str) -> None:
        self._connection = connection
        self._name = name

    @classmethod
    async def open(cls, url: str, schema: MetaData) -> Self:
        """Connect."""
        name = name_of(url)
        try:
            return cls(await connector(url, schema_name(schema), _LIMITS)(), name)
        except RAISED as error:
            raise verdict(error, name).fault from None

    async def aclose(self) -> None:
        """Let go of the connection."""
        self._connection.terminate()

    async def add(self, table: Table, rows: Sequence[Values]) -> None:
        """Add rows, all or none (COPY)."""
        columns = [column.name for column in table.columns]
        async with self._judged():
            await self._connection.copy_records_to_table(table.name, records=rows, columns=columns)

    async def last_key(self, table: Table) -> Values | None:
        """Return the highest key of a table, in SQLite's order of texts; None when it is empty."""
        keys = list(table.primary_key.columns)
        ordered = [(collate(key, "C") if isinstance(key.type, Text) else key).desc() for key in keys]
        async with self._judged():
            row = await self._connection.fetchrow(_said(select(*keys).order_by(*ordered).limit(1)))
        return tuple(row) if row else None

    async def empty(self, table: Table) -> None:
        """Remove every row."""
        async with self._judged():
            await self._connection.execute(f"TRUNCATE {_quoted(table)}")

    async def analyse(self, table: Table) -> None:
        """Let the server learn what a table holds, so that it finds the short ways from the first question on."""
        async with self._judged():
            await self._connection.execute(f"ANALYZE {_quoted(table)}")

    async def rows(self, table: Table) -> AsyncIterator[list[Values]]:
        """Go through all rows, in any order, some at a time."""
        query = _said(select(*map(plain, table.columns)))
        async with self._judged(), self._connection.transaction(readonly=True):
            cursor = await self._connection.cursor(query)
            while found := await cursor.fetch(_PREFETCH_ROWS):
                yield [tuple(row) for row in found]

    @asynccontextmanager
    async def _judged(self) -> AsyncIterator[None]:
        try:
            yield
        except RAISED as error:
            raise verdict(error, self._name).fault from None


def _said(query: Select[Any]) -> str:
    return str(query.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def _quoted(table: Table) -> str:
    return _DIALECT.identifier_preparer.format_table(table)
