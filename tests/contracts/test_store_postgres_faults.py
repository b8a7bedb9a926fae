"""The store on PostgreSQL when the server goes, hangs, refuses, or when nobody knows what became of a commit."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import Connection, insert, select, text, update

from hub.errors import ConfigInvalid, HubError, HubFault, Overloaded, Unavailable, WriteInDoubt
from hub.ports import ReservationState
from hub.store import tables
from hub.store.database import Unit
from hub.store.inbox import SqlInbox
from hub.store.postgres.database import PostgresDatabase
from hub.store.postgres.engine import Limits
from hub.store.tables import KEYS, STORE
from tests.contracts.postgres_road import Cut, Road
from tests.contracts.postgres_server import PostgresServer, emptied, postgres, postgres_migrated, postgres_url
from tests.contracts.store_suite import names, note, reservation

__all__ = ["postgres", "postgres_migrated", "postgres_url"]

BRISK = Limits(connect_s=5, lock_s=0.2, statement_s=0.5, grace_s=0.2, units_pending_max=5)


@pytest.fixture
async def database(postgres_migrated: str) -> AsyncIterator[PostgresDatabase]:
    """An empty store with short patience."""
    database = await emptied(postgres_migrated, STORE, BRISK)
    yield database
    await database.aclose()


@pytest.fixture
async def road(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Road]:
    """A road to the server."""
    road = Road(postgres.socket, Path(tmp_path_factory.mktemp("r")))
    await road.open()
    yield road
    await road.close()


@pytest.fixture
async def by_road(road: Road, database: PostgresDatabase) -> AsyncIterator[PostgresDatabase]:
    """The same store by the road."""
    name = await database.read(_name)
    by_road = PostgresDatabase(road.url.format(name=name), STORE, BRISK)
    await by_road.write(lambda _: None)
    yield by_road
    await by_road.aclose()


def run(statement: str) -> Unit[None]:
    """Return a unit of one statement."""

    def unit(connection: Connection) -> None:
        connection.execute(text(statement))

    return unit


def _name(connection: Connection) -> str:
    return str(connection.scalar(text("SELECT current_database()")))


# --- commits in doubt ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("cut", "there"), [(Cut.BEFORE, []), (Cut.AFTER, ["a"]), (Cut.SILENT, [])])
async def test_commit_in_doubt(
    road: Road, by_road: PostgresDatabase, database: PostgresDatabase, cut: Cut, there: list[str]
) -> None:
    """A commit without an answer is in doubt, whether it happened or not; the next write works."""
    road.cut = cut

    with pytest.raises(WriteInDoubt) as doubt:
        await by_road.write(note("a"))

    assert there == await database.read(names)
    assert "kept-secret" not in str(doubt.value)
    await by_road.write(note("b"))
    assert [*there, "b"] == await by_road.read(names)


async def test_reservation_in_doubt(road: Road, by_road: PostgresDatabase) -> None:
    """A reservation whose commit is in doubt is recognised when it is made again."""
    inbox = SqlInbox(by_road)
    road.cut = Cut.AFTER
    with pytest.raises(WriteInDoubt):
        await inbox.reserve(reservation())

    again = await inbox.reserve(reservation(message_id="m-other"))

    assert (ReservationState.RESERVED, "m-k1") == (again.state, again.message_id)


async def test_refused_commit_is_certain(database: PostgresDatabase) -> None:
    """A commit that the server itself refuses was not made; that is certain, and harms nobody."""
    await database.write(run("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
    await database.write(run("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"))

    with pytest.raises(HubFault, match="a statement was refused") as refused:
        await database.write(run("INSERT INTO child VALUES (1)"))
    await database.write(run("DROP TABLE child, parent"))

    assert refused.value.definite


# --- a server that goes and comes ------------------------------------------------------------------------------------


async def test_restart_goes_unnoticed(postgres: PostgresServer, database: PostgresDatabase) -> None:
    """After a restart of the server the connections are dead; writes and reads find new ones."""
    await database.write(note("a"))
    await asyncio.gather(*(database.read(names) for _ in range(4)))
    postgres.restart()

    assert [["a"]] * 4 == await asyncio.gather(*(database.read(names) for _ in range(4)))
    await database.write(note("b"))
    assert ["a", "b"] == await database.read(names)


async def test_server_away(postgres: PostgresServer, database: PostgresDatabase) -> None:
    """While the server is away all are refused, soon and for certain; when it is back all works, without a restart."""
    await database.write(note("a"))
    postgres.kill()
    begun = time.monotonic()
    results = await asyncio.gather(
        *(database.write(note(f"{n}")) for n in range(5)), database.read(names), return_exceptions=True
    )
    took_s = time.monotonic() - begun
    postgres.start()

    assert [Unavailable] * 6 == [type(result) for result in results]
    assert took_s < 1
    assert ["a"] == await database.read(names)
    await database.write(note("b"))


async def test_killed_under_load(postgres: PostgresServer, postgres_migrated: str) -> None:
    """Kill -9 amid writes: what was acknowledged is there, what was refused is not, the rest was in doubt."""
    database = await emptied(postgres_migrated, STORE)
    answers: dict[str, BaseException | None] = {}

    async def write(name: str) -> None:
        try:
            await database.write(note(name))
        except HubError as error:
            answers[name] = error
        else:
            answers[name] = None

    load = [asyncio.create_task(write(f"{n:04d}")) for n in range(400)]
    await asyncio.wait(load[:20])
    postgres.kill()
    await asyncio.gather(*load)
    postgres.start()
    there = set(await database.read(names))
    await database.aclose()

    acknowledged = {name for name, error in answers.items() if error is None}
    refused = {name for name, error in answers.items() if isinstance(error, Unavailable)}
    in_doubt = {name for name, error in answers.items() if isinstance(error, WriteInDoubt)}
    assert acknowledged <= there
    assert not refused & there
    assert 400 == len(acknowledged) + len(refused) + len(in_doubt)
    assert len(in_doubt) <= 1
    assert refused


async def test_session_ended(database: PostgresDatabase) -> None:
    """A unit whose connection the administrator ends before the commit runs again, and is written once."""
    runs: list[int] = []

    def unit(connection: Connection) -> None:
        runs.append(1)
        connection.execute(insert(tables.tally), {"platform": "a", "figure": "noted", "amount": 1})
        if len(runs) == 1:
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    await database.write(unit)

    assert [1, 1] == runs
    assert ["a"] == await database.read(names)


# --- others that hold or hang ----------------------------------------------------------------------------------------


class Holding:
    """A unit of another process that keeps its locks until it is let go."""

    def __init__(self, url: str) -> None:
        self._database = PostgresDatabase(url, STORE, Limits())
        self._held = threading.Event()
        self._go = threading.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Lock every count."""
        self._task = asyncio.create_task(self._database.write(self._hold))
        await asyncio.to_thread(self._held.wait, 5)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let go."""
        self._go.set()
        assert self._task is not None
        await self._task
        await self._database.aclose()

    def _hold(self, connection: Connection) -> None:
        connection.execute(select(tables.tally).with_for_update())
        self._held.set()
        self._go.wait(5)


def _raise_count(connection: Connection) -> None:
    connection.execute(update(tables.tally).values(amount=tables.tally.c.amount + 1))


async def test_held_row(database: PostgresDatabase, postgres_migrated: str) -> None:
    """A row that another process holds for too long makes a write Unavailable; afterwards it works."""
    await database.write(note("a"))

    async with Holding(postgres_migrated):
        with pytest.raises(Unavailable, match="another process holds a row"):
            await database.write(_raise_count)
        assert ["a"] == await database.read(names)
    await database.write(_raise_count)


async def test_slow_statement(database: PostgresDatabase) -> None:
    """A statement that takes too long is ended; the next one works."""
    for ask in (database.write, database.read):
        with pytest.raises(Unavailable, match="took too long"):
            await ask(run("SELECT pg_sleep(5)"))
    await database.write(note("a"))

    assert ["a"] == await database.read(names)


async def test_halted_connection(postgres: PostgresServer, database: PostgresDatabase) -> None:
    """A connection of which nothing comes back, as behind a broken network, is given up in time for another one."""
    pid = await database.write(_backend)
    postgres.freeze(pid)
    begun = time.monotonic()
    try:
        await database.write(note("a"))
    finally:
        postgres.thaw(pid)

    assert BRISK.statement_s < time.monotonic() - begun < 10
    assert ["a"] == await database.read(names)
    assert pid != await database.write(_backend)


def _backend(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)


async def test_too_many(database: PostgresDatabase, postgres_migrated: str) -> None:
    """Past their bounds writes and reads are refused at once; those that wait are done."""
    await database.write(note("a"))
    async with Holding(postgres_migrated):
        waiting = [asyncio.create_task(database.write(_raise_count))]
        await asyncio.sleep(0.05)
        waiting += [asyncio.create_task(database.write(lambda _: None)) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await database.write(note("late"))
    await asyncio.gather(*waiting)

    results = await asyncio.gather(*(database.read(names) for _ in range(6)), return_exceptions=True)

    assert [list] * 5 + [Overloaded] == [type(result) for result in results]
    assert ["a"] == results[0]


async def test_deadlock(database: PostgresDatabase, postgres_migrated: str) -> None:
    """Two processes that wait for each other in a ring both get through: one of them runs again."""
    other = PostgresDatabase(postgres_migrated, STORE, Limits())
    await database.write(note("a"))
    await database.write(note("b"))

    def both(first: str, second: str) -> Unit[None]:
        def unit(connection: Connection) -> None:
            for name in (first, second):
                row = tables.tally.c
                connection.execute(update(tables.tally).where(row.platform == name).values(amount=row.amount + 1))
                connection.execute(text("SELECT pg_sleep(0.05)"))

        return unit

    patient = PostgresDatabase(postgres_migrated, STORE, Limits())
    await asyncio.gather(patient.write(both("a", "b")), other.write(both("b", "a")))
    for each in (other, patient):
        await each.aclose()

    amounts = select(tables.tally.c.amount).order_by(tables.tally.c.platform)
    assert [3, 3] == await database.read(lambda connection: connection.scalars(amounts).all())


async def test_snapshot(database: PostgresDatabase, postgres_migrated: str) -> None:
    """A read sees one moment, whatever others write meanwhile; and it cannot write."""
    await database.write(note("a"))
    seen: list[object] = []
    begun, written, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    def twice(connection: Connection) -> None:
        seen.append(names(connection))
        loop.call_soon_threadsafe(begun.set)  # the store has a thread of its own
        for _ in range(1000):
            if written.is_set():
                break
            connection.execute(text("SELECT pg_sleep(0.02)"))
        seen.append(names(connection))

    async with asyncio.timeout(30):
        reading = asyncio.create_task(database.read(twice))
        await begun.wait()
        await database.write(note("b"))
        written.set()
        await reading

    assert [["a"], ["a"]] == seen
    with pytest.raises(HubFault):
        await database.read(note("c"))
    assert ["a", "b"] == await database.read(names)


# --- opening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["mysql://h/d", "postgresql://h", "postgresql://[h/d", "hub", "postgresql://u:kept-secret@h:port/d"]
)
async def test_no_address(url: str) -> None:
    """What is no address of PostgreSQL is a fault of the configuration, and is not quoted."""
    with pytest.raises(ConfigInvalid) as invalid:
        await PostgresDatabase.open(url, STORE)
    assert "kept-secret" not in str(invalid.value)


async def test_no_server(tmp_path: Path) -> None:
    """Where nobody listens the store is Unavailable, and says where that was."""
    with pytest.raises(Unavailable, match="lost") as unavailable:
        await PostgresDatabase.open(f"postgresql://hub:kept-secret@/hub?host={tmp_path}", STORE)
    assert str(tmp_path) in str(unavailable.value)
    assert "kept-secret" not in str(unavailable.value)


async def test_no_such_database(postgres: PostgresServer) -> None:
    """A database that is not there is a fault of the configuration."""
    with pytest.raises(ConfigInvalid, match="there is no such database"):
        await PostgresDatabase.open(postgres.url("nowhere"), STORE)


async def test_no_rights(postgres: PostgresServer, postgres_url: str) -> None:
    """An account that may not create its tables is refused, and the reason told."""
    postgres.sql("CREATE ROLE guest LOGIN")

    with pytest.raises(ConfigInvalid, match="the account lacks a right"):
        await PostgresDatabase.open(postgres_url.replace("hub@", "guest@"), STORE)


@pytest.mark.parametrize(
    ("setting", "raised", "told"),
    [
        ("synchronous_commit = off", ConfigInvalid, "synchronous_commit is off"),
        ("default_transaction_read_only = on", Unavailable, "is it a standby"),
    ],
)
async def test_unfit_server(
    postgres: PostgresServer, postgres_url: str, setting: str, raised: type[HubFault], told: str
) -> None:
    """A server that answers before it has written, or that does not write, is refused."""
    name = postgres_url.split("/")[3].split("?", maxsplit=1)[0]
    postgres.sql(f"ALTER DATABASE {name} SET {setting}")

    with pytest.raises(raised, match=told):
        await PostgresDatabase.open(postgres_url, STORE)


async def test_no_values_in_texts(database: PostgresDatabase) -> None:
    """What the server says about rows, it says with their values; the hub does not pass it on."""
    await database.write(note("Nguyễn Văn A"))

    with pytest.raises(HubFault, match="pk_tally") as refused:
        await database.write(note("Nguyễn Văn A"))

    assert "Nguyễn" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


async def test_closing_twice(database: PostgresDatabase) -> None:
    """Closing again is harmless."""
    await database.aclose()
    await database.aclose()

    with pytest.raises(Unavailable):
        await database.read(names)


async def test_two_schemas_in_one_database(postgres_url: str) -> None:
    """The store and the key store may have the same address: their tables lie apart."""
    store = await PostgresDatabase.open(postgres_url, STORE)
    keys = await PostgresDatabase.open(postgres_url, KEYS)
    places = text(
        "SELECT schemaname || '.' || tablename FROM pg_tables WHERE tablename IN ('inbox', 'data_key', "
        "'alembic_version') ORDER BY 1"
    )
    found = await keys.read(lambda connection: connection.scalars(places).all())
    for each in (store, keys):
        await each.aclose()

    assert ["hub_keys.alembic_version", "hub_keys.data_key", "hub_store.alembic_version", "hub_store.inbox"] == found
