"""SQLite as the store's database: one writer thread with group commit, a few readers on snapshots."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, MetaData, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from hub.store.database import Result, Unit
from hub.store.migrate import migrate
from hub.store.sqlite.faults import fault
from hub.store.sqlite.readers import Readers
from hub.store.sqlite.writer import Writer

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk before it is answered
    "foreign_keys=ON",
    "wal_autocheckpoint=1000",  # pages of 4 KiB: the WAL is copied back at 4 MB
    "journal_size_limit=67108864",  # bytes: a WAL that grew past 64 MB is cut back
)


class SqliteDatabase:
    """The `Database` port on one file, for the tasks of one event loop. Made by `open`."""

    def __init__(self, path: Path, *, busy_timeout_s: float, units_pending_max: int) -> None:
        self._file = path.name
        self._writing = _engine(path, busy_timeout_s, "BEGIN IMMEDIATE")
        self._reading = _engine(path, busy_timeout_s, "BEGIN", "query_only=ON")
        self._readers = Readers(self._reading, self._file, units_pending_max)
        self._writer = Writer(self._writing, self._file, units_pending_max, self._readers.drop)

    @classmethod
    async def open(
        cls, path: Path, schema: MetaData, *, busy_timeout_s: float = 5.0, units_pending_max: int = 10_000
    ) -> "SqliteDatabase":
        """Open or create the file, bring it up to the schema, and start the threads.

        Errors: Unavailable (the hint says why), ConfigInvalid (a newer hub wrote it).
        """
        database = cls(path, busy_timeout_s=busy_timeout_s, units_pending_max=units_pending_max)
        try:
            await asyncio.to_thread(database._prepare, schema)
        except BaseException:
            await database.aclose()
            raise
        database._writer.start()
        return database

    async def write(self, unit: Unit[Result]) -> Result:
        """See `Database.write`."""
        return await self._writer.write(unit)

    async def read(self, unit: Unit[Result]) -> Result:
        """See `Database.read`."""
        return await self._readers.read(unit)

    async def aclose(self) -> None:
        """See `Database.aclose`."""
        await self._writer.aclose()
        await self._readers.aclose()
        self._writing.dispose()

    def _prepare(self, schema: MetaData) -> None:
        try:
            migrate(self._writing, schema)
            self._require_writable()
        except SQLAlchemyError as error:
            raise fault(error, self._file) from error

    def _require_writable(self) -> None:
        """A file that may only be read opens like any other; a write that changes nothing tells it apart."""
        with self._writing.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")


def _engine(path: Path, busy_timeout_s: float, begin: str, *pragmas: str) -> Engine:
    """Return an engine whose transactions start with `begin`. Its error texts hold no values."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        connect_args={"timeout": busy_timeout_s, "isolation_level": None},
    )
    event.listen(engine, "connect", _set(*_PRAGMAS, *pragmas))
    event.listen(engine, "begin", _run(begin))
    return engine


def _set(*pragmas: str) -> Callable[[Any, ConnectionPoolEntry], None]:
    def prepare(connection: Any, _: ConnectionPoolEntry) -> None:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    return prepare


def _run(statement: str) -> Callable[[Connection], None]:
    def run(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return run
