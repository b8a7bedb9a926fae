"""PostgreSQL as the store's database, for any number of processes: one connection that writes, a few that read."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

from sqlalchemy import Connection, MetaData, text

from hub.errors import ConfigInvalid, Overloaded, Unavailable
from hub.store.database import Result, Unit
from hub.store.dialect import Turn, take_turns
from hub.store.migrate import BRANCHES, upgrade
from hub.store.postgres.engine import Limits, name_of, reading_engine, writing_engine
from hub.store.postgres.faults import RAISED, verdict, verdict_at_open
from hub.store.postgres.loop_thread import LoopThread
from hub.store.postgres.writer import Failed, PostgresWriter, failure

_LIMITS = Limits()
_MIGRATION_S = 300.0


class PostgresDatabase:
    """The `Database` port on a PostgreSQL server, for the tasks of one event loop. Made by `open`.

    The tables of the store lie in the schema `hub_store`, those of the key store in `hub_keys`: both may have the same
    address or two. Connections are made when they are needed; a server that went away and came back is found again.
    Units run in the thread of an event loop of its own, for a large one computes for a tenth of a second.
    """

    def __init__(self, url: str, schema: MetaData, limits: Limits) -> None:
        self._name = name_of(url)
        self._thread = LoopThread(f"{schema_name(schema)} on {self._name}")
        self._writing = writing_engine(url, schema_name(schema), limits)
        self._reading = reading_engine(url, schema_name(schema), limits)
        self._writer = PostgresWriter(self._writing, self._name, limits.units_pending_max)
        self._readers = asyncio.Semaphore(limits.readers)
        self._readers_max = limits.readers
        self._reads_pending = 0
        self._pending_max = limits.units_pending_max
        self._closed = False

    @classmethod
    async def open(cls, url: str, schema: MetaData, limits: Limits = _LIMITS) -> "PostgresDatabase":
        """Bring the database up to the schema, whichever process comes first, and return it.

        `url` is postgresql://user:password@host:port/database, as libpq and asyncpg read it. Errors: Unavailable,
        ConfigInvalid (a newer hub wrote it; account, rights or the server's settings do not do).
        """
        database = cls(url, schema, limits)
        try:
            await database._thread.run(_prepare(url, schema, database._name, limits))
        except BaseException:
            await database.aclose()
            raise
        return database

    async def write(self, unit: Unit[Result]) -> Result:
        """See `Database.write`."""
        self._require_open()
        return await self._thread.run(self._writer.write(unit))

    async def read(self, unit: Unit[Result]) -> Result:
        """See `Database.read`."""
        self._require_open()
        return await self._thread.run(self._read(unit))

    async def aclose(self) -> None:
        """See `Database.aclose`."""
        if not self._closed:
            self._closed = True
            await self._thread.run(self._let_go())
        await self._thread.aclose()

    def _require_open(self) -> None:
        if self._closed:
            raise Unavailable(f"{self._name}: closed")

    async def _let_go(self) -> None:
        await self._writer.aclose()
        for _ in range(self._readers_max):
            await self._readers.acquire()  # behind whoever waits to read: each takes its bounded time
        await self._reading.dispose()
        await self._writing.dispose()

    async def _read(self, unit: Unit[Result]) -> Result:
        if self._reads_pending >= self._pending_max:
            raise Overloaded(f"{self._name}: too many reads wait", retry_after_s=1)
        self._reads_pending += 1
        try:
            async with self._readers:
                return await self._seen(unit)
        finally:
            self._reads_pending -= 1

    async def _seen(self, unit: Unit[Result]) -> Result:
        """Run a reading unit; once more where its connection turned out to be dead."""
        tries = 1
        while True:
            try:
                return await self._look(unit)
            except Failed as failed:
                if tries >= failed.verdict.tries_max:
                    raise failed.verdict.fault from None
            tries += 1

    async def _look(self, unit: Unit[Result]) -> Result:
        try:
            opened = await self._reading.connect()
        except RAISED as error:
            raise verdict(error, self._name).fault from None
        async with aclosing(opened) as connection:
            try:
                return await connection.run_sync(unit)
            except RAISED as error:
                raise await failure(connection, verdict(error, self._name)) from None


def schema_name(schema: MetaData) -> str:
    """Return where in a database the tables lie."""
    return f"hub_{BRANCHES[schema]}"


async def _prepare(url: str, schema: MetaData, name: str, limits: Limits) -> None:
    """Migrate in one transaction; of several processes one does it, and the others wait for it."""
    patient = replace(limits, lock_s=_MIGRATION_S, statement_s=_MIGRATION_S, idle_s=_MIGRATION_S)
    engine = writing_engine(url, schema_name(schema), patient)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_require_durable, name)
            await connection.run_sync(_migrate, schema, name)
    except RAISED as error:
        raise verdict_at_open(error, name) from None
    finally:
        await engine.dispose()


def _require_durable(connection: Connection, name: str) -> None:
    """Refuse a server that answers before a commit is on its disk, or that cannot hold Vietnamese."""
    wanted = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "", "server_encoding": "UTF8"}
    for setting, value in wanted.items():
        found = connection.scalar(text("SELECT current_setting(:setting)"), {"setting": setting})
        if found == "off" or (value and found != value):
            raise ConfigInvalid(f"{name}: the server's {setting} is {found}; the hub needs {value or 'on'}")


def _migrate(connection: Connection, schema: MetaData, name: str) -> None:
    take_turns(connection, Turn.SCHEMA)
    home = schema_name(schema)
    # Asked first, for CREATE SCHEMA IF NOT EXISTS wants the right to create one that is there.
    if connection.scalar(text("SELECT to_regnamespace(:home)"), {"home": home}) is None:
        connection.execute(text(f"CREATE SCHEMA {home}"))
    upgrade(connection, schema, name)
    connection.execute(text("UPDATE alembic_version SET version_num = version_num"))  # whether it may be written
