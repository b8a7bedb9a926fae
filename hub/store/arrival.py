"""What a store on PostgreSQL knows of a move that brings another store into it: whose, and whether it is complete."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Connection, MetaData, Table, Text, insert, literal, select, text, update
from sqlalchemy.schema import CreateTable

from hub.errors import ConfigInvalid
from hub.store.database import Database
from hub.store.instant import Instant

_MOVING = MetaData()

arrival = Table(
    "arrival",
    _MOVING,
    Column("journey", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("completed_at", Instant),
)
"""One row, beside the tables of a schema that is being filled, or was. No migration makes it: few stores ever move."""

UNFINISHED = (
    "the store is the target of a move that is not complete: run hub migrate to its end, with the configuration of the "
    "home that it comes from"
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A move into a store. `source` is the name of the store that comes."""

    journey: str
    source: str
    started_at: datetime
    completed_at: datetime | None = None


class SqlArrival:
    """Keeps the arrival of one schema on PostgreSQL. Errors of all verbs: those of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def known(self) -> Arrival | None:
        """Return the arrival; None when nothing ever moved in."""
        return await self._database.read(_known)

    async def begin(self, wanted: Arrival, tables: Iterable[Table]) -> None:
        """Claim empty tables for a move; the same journey may claim them again, complete or not.

        ConfigInvalid when they hold anything, or belong to another journey.
        """
        filled = tuple(tables)
        await self._database.write(lambda connection: _begin(connection, wanted, filled))

    async def complete(self, at: datetime | None) -> None:
        """Declare that everything is there; None takes it back."""
        await self._database.write(lambda connection: connection.execute(update(arrival).values(completed_at=at)))


async def require_arrived(database: Database) -> None:
    """ConfigInvalid when a move into this store was begun and is not complete."""
    found = await SqlArrival(database).known()
    if found is not None and found.completed_at is None:
        raise ConfigInvalid(UNFINISHED)


def _known(connection: Connection) -> Arrival | None:
    if connection.dialect.name != "postgresql" or connection.scalar(text("SELECT to_regclass('arrival')")) is None:
        return None
    row = connection.execute(select(arrival)).first()
    return Arrival(*row) if row else None


def _begin(connection: Connection, wanted: Arrival, tables: tuple[Table, ...]) -> None:
    connection.execute(CreateTable(arrival, if_not_exists=True))
    found = _known(connection)
    if found is not None:
        if found.journey != wanted.journey:
            raise ConfigInvalid("another home moved, or is moving, into this database; name one that is empty")
        return
    for table in tables:
        if connection.execute(select(literal(1)).select_from(table).limit(1)).first():
            raise ConfigInvalid(f"the table {table.name} of the target holds rows; name a database that is empty")
    connection.execute(
        insert(arrival).values(journey=wanted.journey, source=wanted.source, started_at=wanted.started_at)
    )
