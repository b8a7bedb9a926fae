"""The store's SQLite file: group commit, durability settings, bounds, and a disk that says no."""

import asyncio
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select

from hub.errors import HubError, Overloaded, Unavailable, WriteInDoubt
from hub.ports import ReservationState
from hub.store import tables
from hub.store.inbox import SqlInbox
from hub.store.projection import SqlProjection
from hub.store.sqlite.database import SqliteDatabase
from tests.contracts.store_suite import command, names, note, project, reservation


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """A fresh store.db."""
    database = await SqliteDatabase.open(
        tmp_path / "store.db", tables.STORE, busy_timeout_s=0.05, units_pending_max=200
    )
    yield database
    await database.aclose()


class Gate:
    """A unit that holds the writer's thread until it is let go."""

    def __init__(self) -> None:
        self._let_go = threading.Event()
        self._entered = threading.Event()

    def __call__(self, _: Connection) -> None:
        """Wait to be let go."""
        self._entered.set()
        self._let_go.wait(5)

    async def entered(self) -> None:
        """Return when the thread is held."""
        await asyncio.to_thread(self._entered.wait, 5)

    def let_go(self) -> None:
        """Let the thread go on."""
        self._let_go.set()


class Run:
    """A unit that runs one statement as it stands."""

    def __init__(self, statement: str) -> None:
        self._statement = statement

    def __call__(self, connection: Connection) -> None:
        """Run it."""
        connection.exec_driver_sql(self._statement)


async def held(database: SqliteDatabase) -> tuple[Gate, "asyncio.Task[None]"]:
    """Hold the writer's thread."""
    gate = Gate()
    task = asyncio.create_task(database.write(gate))
    await gate.entered()
    return gate, task


async def test_group_commit(database: SqliteDatabase) -> None:
    """Whatever waits while the writer is busy shares one commit."""
    commits: list[Connection] = []
    event.listen(database._writing, "commit", commits.append)
    gate, holding = await held(database)
    writes = [asyncio.create_task(database.write(note(f"{n:03d}"))) for n in range(100)]
    await asyncio.sleep(0)
    gate.let_go()
    await asyncio.gather(holding, *writes)

    assert 2 == len(commits)
    assert 100 == len(await database.read(names))


async def test_too_many_writes(database: SqliteDatabase) -> None:
    """Past the bound a write is refused at once; the ones that wait are done."""
    gate, holding = await held(database)
    writes = [asyncio.create_task(database.write(note(f"{n:03d}"))) for n in range(200)]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        await database.write(note("late"))
    gate.let_go()
    await asyncio.gather(holding, *writes)
    assert 200 == len(await database.read(names))


async def test_too_many_reads(database: SqliteDatabase) -> None:
    """Past the bound a read is refused at once."""
    gates = [Gate() for _ in range(200)]
    reads = [asyncio.create_task(database.read(gate)) for gate in gates]
    await asyncio.sleep(0)

    with pytest.raises(Overloaded):
        await database.read(names)
    for gate in gates:
        gate.let_go()
    await asyncio.gather(*reads)
    assert [] == await database.read(names)


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("journal_size_limit", 64 * 1024 * 1024)],
)
async def test_settings(database: SqliteDatabase, pragma: str, value: object) -> None:
    """A commit is on the disk before it is answered (2 is FULL), and the WAL is cut back."""
    assert value == await database.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {pragma}").scalar())


async def test_wal_is_bounded(database: SqliteDatabase, tmp_path: Path) -> None:
    """Thirty megabytes of rows leave a WAL of a few."""
    await database.write(Run("CREATE TABLE page (bytes BLOB)"))
    for _ in range(100):
        await database.write(Run("INSERT INTO page VALUES (zeroblob(300000))"))

    assert (tmp_path / "store.db").stat().st_size > 25_000_000
    assert (tmp_path / "store.db-wal").stat().st_size < 8_000_000


async def test_readers_cannot_write(database: SqliteDatabase) -> None:
    """A read that tries to write is refused."""
    with pytest.raises(Unavailable):
        await database.read(note("a"))
    assert [] == await database.read(names)


# --- a disk that says no ---------------------------------------------------------------------------------------------


async def test_disk_full(database: SqliteDatabase) -> None:
    """A full disk refuses what needs space, with a code of its own; when space returns everything works again."""
    inbox, projection = SqlInbox(database), SqlProjection(database)
    await inbox.reserve(reservation("before", ordering_key="d"))
    pages = await database.write(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    await database.write(Run(f"PRAGMA max_page_count={pages}"))

    codes = set()
    for n in range(200):
        wanted = reservation(f"k{n}", message_id=f"m{n}", ordering_key=f"d{n}", fingerprint=bytes(400))
        try:
            await inbox.reserve(wanted)
        except Unavailable as full:
            codes.add(full.problem_code)
            break
    with pytest.raises(Unavailable, match="no space is left"):
        await project(projection, *(command(n, f"p{n}" * 100, ordering_key=f"q{n}" * 100) for n in range(100)))
    repeated = await inbox.reserve(reservation("before", ordering_key="d"))
    await database.write(Run("PRAGMA max_page_count=1000000"))

    assert {"hub.disk_full"} == codes
    assert ReservationState.RESERVED == repeated.state
    assert 0 == await projection.next_offset("hub.commands", 0)
    assert ReservationState.NEW == (await inbox.reserve(wanted)).state


async def test_disk_full_for_one(database: SqliteDatabase) -> None:
    """In one group, what needs no space is written though another unit finds none."""
    await database.write(Run("CREATE TABLE page (bytes BLOB)"))
    pages = await database.write(lambda connection: connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    await database.write(Run(f"PRAGMA max_page_count={pages}"))
    gate, holding = await held(database)
    writes = [
        asyncio.create_task(database.write(unit))
        for unit in (note("a"), Run("INSERT INTO page VALUES (zeroblob(300000))"), note("b"))
    ]
    await asyncio.sleep(0)
    gate.let_go()
    await holding

    results = await asyncio.gather(*writes, return_exceptions=True)

    assert [None, Unavailable, None] == [result and type(result) for result in results]
    assert ["a", "b"] == await database.read(names)


async def test_readonly(database: SqliteDatabase) -> None:
    """A file that may not be written any more is Unavailable, and works again when it may."""
    await database.write(Run("PRAGMA query_only=ON"))
    with pytest.raises(Unavailable, match="cannot be written") as refused:
        await database.write(note("a"))
    await database.write(Run("PRAGMA query_only=OFF"))
    await database.write(note("b"))

    assert "hub.unavailable" == refused.value.problem_code
    assert ["b"] == await database.read(names)


async def test_turned_read_only_under_a_reader(tmp_path: Path) -> None:
    """Files that failed, then could only be read, are written again once they may be, even if a read was under way."""
    program = ("-m", "tests.e2e.as_ordinary", "tests.unit.store_on_closed_files", str(tmp_path))
    process = await asyncio.create_subprocess_exec(sys.executable, *program, stdout=asyncio.subprocess.PIPE)

    told, _ = await asyncio.wait_for(process.communicate(), 60)

    assert [b"written", b"hub.in_doubt", b"hub.unavailable", b"written", b"written"] == told.splitlines()


async def test_locked_by_another(database: SqliteDatabase, tmp_path: Path) -> None:
    """Another process that holds the file makes all who wait Unavailable, each no longer than the time-out."""
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    results = await asyncio.gather(*(database.write(note(f"{n}")) for n in range(50)), return_exceptions=True)
    other.execute("ROLLBACK")
    other.close()
    await database.write(note("a"))

    assert {Unavailable} == {type(result) for result in results}
    assert "another process" in str(results[0])
    assert ["a"] == await database.read(names)


async def test_commit_fails(database: SqliteDatabase) -> None:
    """When the commit itself fails, all of its group are in doubt; the next write works."""
    await database.write(Run("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
    await database.write(Run("CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)"))
    gate, holding = await held(database)
    writes = [asyncio.create_task(database.write(unit)) for unit in (note("a"), Run("INSERT INTO child VALUES (1)"))]
    await asyncio.sleep(0)
    gate.let_go()

    await holding

    results = await asyncio.gather(*writes, return_exceptions=True)
    await database.write(note("b"))

    assert [WriteInDoubt] * 2 == [type(result) for result in results]
    assert ["b"] == await database.read(names)


# --- opening ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["missing/store.db", "file/store.db", "."])
async def test_no_such_place(tmp_path: Path, place: str) -> None:
    """A store that cannot be created says so, names its file, and what to look at."""
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable, match="cannot be opened or created; does its folder exist"):
        await SqliteDatabase.open(tmp_path / place, tables.STORE)


async def test_readonly_place() -> None:
    """A folder in which nobody may write makes the store Unavailable at its start."""
    with pytest.raises(Unavailable, match="may the hub write there"):
        await SqliteDatabase.open(Path("/proc/store.db"), tables.STORE)


async def test_not_a_database(tmp_path: Path) -> None:
    """A file of another kind is not overwritten."""
    (tmp_path / "store.db").write_bytes(b"mot cua" * 1000)

    with pytest.raises(Unavailable, match="not a SQLite database"):
        await SqliteDatabase.open(tmp_path / "store.db", tables.STORE)
    assert b"mot cua" * 1000 == (tmp_path / "store.db").read_bytes()


async def test_odd_path(tmp_path: Path) -> None:
    """Signs that mean something in addresses mean nothing in paths."""
    folder = tmp_path / "kho % dữ liệu?#&"
    folder.mkdir()
    database = await SqliteDatabase.open(folder / "store.db", tables.STORE)
    await database.write(note("a"))
    await database.aclose()

    assert (folder / "store.db").stat().st_size > 0


async def test_closing_twice(database: SqliteDatabase) -> None:
    """Closing again is harmless."""
    await database.aclose()
    await database.aclose()

    with pytest.raises(HubError):
        await database.read(names)


# --- the inbox on it -------------------------------------------------------------------------------------------------


async def test_same_message_id(database: SqliteDatabase) -> None:
    """A message id that is there already refuses its own reservation and none beside it."""
    inbox = SqlInbox(database)
    wanted = [reservation(f"k{n}", message_id=f"m{n % 4}", ordering_key=f"d{n}") for n in range(5)]

    results = await asyncio.gather(*(inbox.reserve(each) for each in wanted), return_exceptions=True)

    assert ["new", "new", "new", "new", "HubFault"] == [
        getattr(result, "state", type(result).__name__) for result in results
    ]


async def test_inbox_too_many(database: SqliteDatabase) -> None:
    """Past its bound the inbox refuses at once."""
    inbox = SqlInbox(database, reservations_pending_max=3)

    results = await asyncio.gather(
        *(inbox.reserve(reservation(f"k{n}", ordering_key=f"d{n}")) for n in range(5)), return_exceptions=True
    )

    assert ["Reserved"] * 3 + ["Overloaded"] * 2 == [type(result).__name__ for result in results]


async def test_reservations_share_statements(database: SqliteDatabase) -> None:
    """A hundred reservations at the same time cost two transactions at most."""
    inbox = SqlInbox(database)
    commits: list[Connection] = []
    event.listen(database._writing, "commit", commits.append)

    await asyncio.gather(*(inbox.reserve(reservation(f"k{n}", ordering_key=f"d{n}")) for n in range(100)))

    assert len(commits) <= 2
    assert 100 == len(await database.read(lambda connection: connection.execute(select(tables.inbox)).all()))
