"""The one place that knows which database it speaks to."""

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, Self

import orjson
from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Connection,
    Delete,
    Dialect,
    Integer,
    Table,
    Text,
    Update,
    any_,
    bindparam,
    column,
    delete,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

ConflictInsert = sqlite.Insert | postgresql.Insert
"""An INSERT that can say what happens when the row is there; both dialects spell it alike."""

Row = Mapping[str, Any] | tuple[Any, ...]
"""The parameters of a statement by their names; of an INSERT also all columns of the table in their order."""


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


class among_bound(FunctionElement[bool]):  # noqa: N801 - reads as a function
    """Whether a column has one of the numbers or texts that are bound under a name, as a list.

    For statements that are made once and run often: SQLite takes the list as one JSON text, PostgreSQL as one array,
    so that neither meets another statement for each number of values.
    """

    name = "among_bound"
    type = Boolean()
    inherit_cache = True

    def __init__(self, wanted: ColumnElement[Any], name: str) -> None:
        super().__init__(wanted, bindparam(name, type_=_Listed(wanted.type)))

    def self_group(self, against: OperatorType | None = None) -> Self:  # noqa: ARG002 - overrides
        """Return it as it is: as `... = 1`, which SQLAlchemy makes of booleans in SQLite, no index would serve it."""
        return self


class _Listed(TypeDecorator[Sequence[Any]]):
    """A list of values as one parameter."""

    impl = Text
    cache_ok = True

    def __init__(self, each: TypeEngine[Any]) -> None:
        super().__init__()
        self.each = each

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the database takes."""
        return dialect.type_descriptor(ARRAY(self.each) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Iterable[Any] | None, dialect: Dialect) -> Any:
        """Turn the values into an array, or into the text of one."""
        values = list(value or ())
        return values if dialect.name == "postgresql" else orjson.dumps(values).decode()


@compiles(among_bound, "postgresql")
def _in_array(element: among_bound, compiler: SQLCompiler, **options: Any) -> str:
    wanted, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{wanted} = ANY ({values})"


@compiles(among_bound, "sqlite")
def _in_json(element: among_bound, compiler: SQLCompiler, **options: Any) -> str:
    wanted, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{wanted} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - both are expressions that SQLAlchemy wrote


def execute_many(connection: Connection, statement: ConflictInsert | Update | Delete, rows: Iterable[Row]) -> None:
    """Run a statement for each row. The statement is one that is made once: it is put into words once per dialect.

    `Connection.execute` costs twice as much, for it makes a dictionary of parameters per row and goes through it anew.
    """
    said = _said(connection.dialect, statement)
    values = [said.values(row) for row in rows]
    if values:
        connection.exec_driver_sql(said.text, values)


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


def insert_missing(connection: Connection, table: Table) -> ConflictInsert:
    """Return an INSERT that leaves a row as it is which is there."""
    return _insert_missing(connection.dialect.name, table)


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
def _insert_missing(dialect: str, table: Table) -> ConflictInsert:
    return _insert(dialect, table).on_conflict_do_nothing()


@lru_cache(maxsize=128)
def _insert(dialect: str, table: Table) -> ConflictInsert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


class _Said:
    """A statement in the words of a dialect, and how a row becomes its parameters."""

    def __init__(self, dialect: Dialect, statement: ConflictInsert | Update | Delete) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._names = tuple(compiled.positiontup or ())
        # All other values go to both drivers as they are.
        self._turned = [
            (place, turn)
            for place, name in enumerate(self._names)
            if isinstance(type_ := compiled.binds[name].type, TypeDecorator)
            and (turn := type_.dialect_impl(dialect).bind_processor(dialect)) is not None
        ]

    def values(self, row: Row) -> tuple[Any, ...]:
        """Return the parameters in the order in which the statement names them."""
        values = row if isinstance(row, tuple) else tuple(map(row.__getitem__, self._names))
        if not self._turned:
            return values
        turned = list(values)
        for place, turn in self._turned:
            turned[place] = turn(turned[place])
        return tuple(turned)


@lru_cache(maxsize=256)
def _said(dialect: Dialect, statement: ConflictInsert | Update | Delete) -> _Said:
    return _Said(dialect, statement)


_NUMBERS = (
    func.unnest(bindparam("numbers", type_=ARRAY(Integer))).table_valued(column("number", Integer)).render_derived()
)
_TURNS = select(func.pg_advisory_xact_lock(bindparam("turn", type_=Integer), _NUMBERS.c.number)).select_from(_NUMBERS)
