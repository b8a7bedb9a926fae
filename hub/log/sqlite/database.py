"""The file `log.db`: connections, schema, and what it says about itself.

One table holds all records: `place` is the partition's slot times 2**40 plus the offset, so that a partition is one
range of the B-tree and a whole batch is one INSERT.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import apsw

from hub.errors import ConfigInvalid, Unavailable
from hub.log.sqlite.batch import Contents
from hub.log.topics import Topics

OFFSET_BITS = 40
_APPLICATION_ID = 0x48554231  # "HUB1"
_VERSION = 1
_BUSY_MS = 1000
_PRAGMAS: Mapping[str, int | str] = {
    "journal_size_limit": 64 * 1024 * 1024,  # bytes of the write-ahead file that are kept for the next round
    "cache_size": -16 * 1024,  # KiB
    "cache_spill": "off",  # nothing of a transaction is written before its commit
    "trusted_schema": "off",
}

_SCHEMA = """
CREATE TABLE partition (
  slot INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  number INTEGER NOT NULL,
  start INTEGER NOT NULL DEFAULT 0,
  UNIQUE (topic, number)
) STRICT;
CREATE TABLE record (
  place INTEGER PRIMARY KEY,
  appended_us INTEGER NOT NULL,
  key BLOB NOT NULL,
  value BLOB NOT NULL
) STRICT;
CREATE TABLE committed (
  reader TEXT NOT NULL,
  slot INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  PRIMARY KEY (reader, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE fence (serial INTEGER NOT NULL) STRICT;
INSERT INTO fence VALUES (0);
"""


@dataclass(frozen=True, slots=True)
class Slot:
    """One partition inside the file."""

    number: int
    start: int


@dataclass(frozen=True, slots=True)
class Database:
    """Where the file is and how it is opened. Methods raise `apsw.Error`, and ConfigInvalid where they say so."""

    path: Path
    vfs: str
    synchronous: Literal["FULL", "OFF"]

    def create(self, topics: Topics) -> Mapping[tuple[str, int], Slot]:
        """Make the file if there is none, declare the topics, return their slots.

        ConfigInvalid when the file is no log, is of another version, or has another number of partitions for a topic.
        """
        connection = self._open(apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        try:
            self._recognise(connection)
            if connection.pragma("journal_mode", "wal") != "wal":
                raise ConfigInvalid(f"{self.path}: {self.vfs} has no write-ahead log")
            with transaction(connection):
                if connection.pragma("user_version") == 0:
                    _fill(connection)
                slots = self._declare(connection, topics)
        finally:
            close(connection)
        _sync_folder(self.path.parent)
        return slots

    def connect(self) -> apsw.Connection:
        """Open the existing file."""
        return self._open(apsw.SQLITE_OPEN_READWRITE)

    def _open(self, flags: int) -> apsw.Connection:
        connection = apsw.Connection(str(self.path), flags=flags, vfs=self.vfs)
        try:
            connection.set_busy_timeout(_BUSY_MS)
            for pragma, value in {"synchronous": self.synchronous, **_PRAGMAS}.items():
                connection.pragma(pragma, value)
        except apsw.Error:
            close(connection)
            raise
        return connection

    def _recognise(self, connection: apsw.Connection) -> None:
        known = (connection.pragma("application_id"), connection.pragma("user_version"))
        if known == (_APPLICATION_ID, _VERSION):
            return
        if known != (0, 0) or connection.execute("SELECT count(*) FROM sqlite_schema").get:
            raise ConfigInvalid(f"{self.path} is not a log of version {_VERSION}")

    def _declare(self, connection: apsw.Connection, topics: Topics) -> Mapping[tuple[str, int], Slot]:
        known = dict(connection.execute("SELECT topic, count(*) FROM partition GROUP BY topic"))
        for topic, number in topics:
            stored = known.get(topic)
            if stored is None:
                connection.execute("INSERT INTO partition (topic, number) VALUES (?, ?)", (topic, number))
            elif stored != topics.partitions(topic):
                wanted = topics.partitions(topic)
                raise ConfigInvalid(f"{self.path}: topic {topic} has {stored} partitions for ever, not {wanted}")
        rows = connection.execute("SELECT topic, number, slot, start FROM partition")
        declared = set(topics)
        return {
            (topic, number): Slot(slot, start) for topic, number, slot, start in rows if (topic, number) in declared
        }


def _fill(connection: apsw.Connection) -> None:
    """Give an empty file its schema."""
    connection.execute(_SCHEMA)
    connection.pragma("application_id", _APPLICATION_ID)
    connection.pragma("user_version", _VERSION)


def settle(connection: apsw.Connection) -> None:
    """Make everything visible durable, and everything else vanish for good. Raises `apsw.Error` when it cannot.

    A transaction may be visible although its sync failed or its process was killed before: the checkpoint copies it
    into the main file and syncs that. A transaction may be invisible although it is complete in the write-ahead file,
    and would come back with the next recovery: the transaction written here takes its place.
    """
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    connection.execute("UPDATE fence SET serial = serial + 1")


def contents(connection: apsw.Connection) -> Contents:
    """Read where all partitions begin and end, and all commits."""
    query = """
        SELECT slot, max(start, coalesce(
          (SELECT (place & ?2) + 1 FROM record WHERE place >= slot << ?1 AND place < (slot + 1) << ?1
           ORDER BY place DESC LIMIT 1), 0))
        FROM partition"""
    ends = dict(connection.execute(query, (OFFSET_BITS, (1 << OFFSET_BITS) - 1)))
    starts = dict(connection.execute("SELECT slot, start FROM partition"))
    rows = connection.execute("SELECT reader, slot, next_offset FROM committed")
    return Contents(starts, ends, {(reader, slot): offset for reader, slot, offset in rows})


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """Commit what the block does, or roll it back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def close(connection: apsw.Connection) -> None:
    """Close, whatever the disk says to it."""
    try:
        connection.close()
    except apsw.Error:
        connection.close(force=True)


def unavailable(path: Path, error: apsw.Error) -> Unavailable:
    """Return the hub's word for an error of SQLite that changed nothing."""
    code = "hub.disk_full" if isinstance(error, apsw.FullError) else None
    return Unavailable(f"{path}: {reason(error)}", code=code)


def reason(error: apsw.Error) -> str:
    """Name an error of SQLite as SQLite's documentation does, such as `SQLITE_IOERR_FSYNC`."""
    codes = apsw.mapping_result_codes | apsw.mapping_extended_result_codes
    return str(codes.get(getattr(error, "extendedresult", 0)) or type(error).__name__)


def _sync_folder(folder: Path) -> None:
    """Make the file's name durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
