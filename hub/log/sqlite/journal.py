"""The writing end of `log.db`: one batch, one transaction, one sync, one verdict.

What a verdict says is final. An error before COMMIT changed nothing; a full disk never lets the commit mark through.
Any other error of COMMIT leaves it open whether the transaction is there: the file is opened again, settled and asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import apsw

from hub.errors import ConfigInvalid, HubFault, Unavailable, WriteInDoubt
from hub.log.sqlite.batch import Batch, Contents, PendingAppend, PendingTrim, Verdict
from hub.log.sqlite.database import OFFSET_BITS, Database, Slot, close, contents, reason, settle, unavailable
from hub.log.sqlite.instant import microseconds
from hub.log.sqlite.limits import SqliteLimits
from hub.log.topics import Topics

_CHECKPOINTS_MISSED_MAX = 4

# One statement for many rows: each step of SQLite lets go of the interpreter lock, and has to queue for it after.
_ROWS = (128, 64, 32, 16, 8, 4, 2, 1)
_RECORDS = {rows: "INSERT INTO record VALUES " + ",".join(["(?,?,?,?)"] * rows) for rows in _ROWS}  # noqa: S608 - only question marks vary
_OLDEST = """
    SELECT place, length(key) + length(value) FROM record WHERE place >= ? AND place < ? ORDER BY place LIMIT ?"""
_COMMIT = "INSERT INTO committed VALUES (?,?,?) ON CONFLICT DO UPDATE SET next_offset = excluded.next_offset"


_NOTHING: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Opened:
    """A file ready for use: the slots of the declared topics, what it holds, and its writing end."""

    database: Database
    slots: Mapping[tuple[str, int], Slot]
    contents: Contents
    journal: "Journal"


def open_database(database: Database, topics: Topics, limits: SqliteLimits) -> Opened:
    """Make or open the file. Blocks. Errors: ConfigInvalid, Unavailable."""
    journal = Journal(database, limits)
    try:
        slots = database.create(topics)
        return Opened(database, slots, journal.open(), journal)
    except apsw.NotADBError:
        raise ConfigInvalid(f"{database.path} is not a log") from None
    except apsw.Error as error:
        raise unavailable(database.path, error) from None
    except OSError as error:
        raise Unavailable(f"{database.path}: {error.strerror}") from None


class Journal:
    """Owns the only connection that writes. Used by one thread."""

    def __init__(self, database: Database, limits: SqliteLimits) -> None:
        self._database = database
        self._limits = limits
        self._wal_pages_max = limits.wal_pages_max
        self._wal_pages = 0
        self._connection: apsw.Connection | None = None
        self._ends: dict[int, int] = {}
        self._news: Contents | None = None

    def open(self) -> Contents:
        """Open and settle the file, and say what it holds. Raises `apsw.Error`."""
        connection = self._database.connect()
        try:
            settle(connection)
            held = contents(connection)
        except apsw.Error:
            close(connection)
            raise
        connection.set_wal_hook(self._note_pages)
        self._connection, self._wal_pages = connection, 0
        self._ends = dict(held.ends)
        return held

    def close(self) -> None:
        """Let go of the file; the last connection to close folds the write-ahead file into the main one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            close(connection)

    def apply(self, batch: Batch) -> Verdict:
        """Write a batch. What the disk does to it is not raised, the verdict says it."""
        try:
            connection = self._connected()
            offsets, ends = self._write(connection, batch)
            starts = _trim(connection, batch.trims, ends, self._limits)
        except apsw.Error as error:
            return self._refused(error)
        try:
            connection.execute("COMMIT")
        except apsw.FullError as error:
            return self._refused(error)
        except apsw.Error as error:
            return self._doubted(batch, offsets, starts, error)
        self._ends = ends
        return self._verdict(offsets=offsets, starts=starts)

    def tidy(self) -> None:
        """Move the write-ahead file into the main one when it has grown; where that fails, it is tried again later."""
        if self._connection is None or self._wal_pages < self._wal_pages_max:
            return
        patient = self._wal_pages > self._wal_pages_max * _CHECKPOINTS_MISSED_MAX
        mode = apsw.SQLITE_CHECKPOINT_RESTART if patient else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            self._connection.wal_checkpoint(mode=mode)
        except (apsw.FullError, apsw.BusyError):
            return
        except apsw.Error:
            self.close()

    def _connected(self) -> apsw.Connection:
        if self._connection is None:
            self._news = self.open()
        if self._connection is None:
            raise AssertionError("open() sets the connection")
        return self._connection

    def _write(self, connection: apsw.Connection, batch: Batch) -> tuple[list[int], dict[int, int]]:
        """Write a batch but for COMMIT; return the offsets of its appends and the ends after it."""
        ends = dict(self._ends)
        offsets: list[int] = []
        for append in batch.appends:
            offsets.append(ends[append.slot])
            ends[append.slot] += 1
        connection.execute("BEGIN IMMEDIATE")
        _insert(connection, batch.appends, offsets)
        commits = {(commit.group, slot): offset for commit in batch.commits for slot, offset in commit.offsets.items()}
        if commits:
            connection.executemany(_COMMIT, [(group, slot, offset) for (group, slot), offset in commits.items()])
        return offsets, ends

    def _refused(self, error: apsw.Error) -> Verdict:
        """Nothing was written. A full disk leaves the connection sound; after anything else it is made afresh."""
        if not isinstance(error, apsw.FullError) or not self._rolled_back():
            self.close()
        return self._verdict(error=unavailable(self._database.path, error))

    def _rolled_back(self) -> bool:
        try:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:
            return False
        return True

    def _doubted(self, batch: Batch, offsets: Sequence[int], starts: Mapping[int, int], error: apsw.Error) -> Verdict:
        """COMMIT failed: find out whether the transaction is there."""
        self.close()
        try:
            landed = _landed(self._connected(), batch, offsets, starts)
        except apsw.Error as again:
            self.close()
            hint = f"{self._database.path}: {reason(error)}, then {reason(again)}"
            return self._verdict(error=WriteInDoubt(hint))
        if landed:
            return self._verdict(offsets=offsets, starts=starts)
        return self._verdict(error=unavailable(self._database.path, error))

    def _verdict(
        self, *, offsets: Sequence[int] = (), error: HubFault | None = None, starts: Mapping[int, int] = _NOTHING
    ) -> Verdict:
        news, self._news = self._news, None
        return Verdict(offsets, error, news, starts)

    def _note_pages(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK


def _insert(connection: apsw.Connection, appends: Sequence[PendingAppend], offsets: Sequence[int]) -> None:
    """Insert records in as few statements as possible."""
    values: list[int | bytes] = []
    for append, offset in zip(appends, offsets, strict=True):
        values += (append.slot << OFFSET_BITS | offset, microseconds(append.appended_at), append.key, append.value)
    done = 0
    for rows, statement in _RECORDS.items():
        while len(appends) - done >= rows:
            connection.execute(statement, values[done * 4 : (done + rows) * 4])
            done += rows


def _trim(
    connection: apsw.Connection, trims: Sequence[PendingTrim], ends: Mapping[int, int], limits: SqliteLimits
) -> dict[int, int]:
    """Remove the next records of each partition and move its start; return the starts."""
    starts: dict[int, int] = {}
    for trim in trims:
        ((start,),) = connection.execute("SELECT start FROM partition WHERE slot = ?", (trim.slot,))
        to = _reach(connection, trim.slot, start, min(trim.before, ends[trim.slot]), limits)
        if to > start:
            bounds = (trim.slot << OFFSET_BITS | start, trim.slot << OFFSET_BITS | to)
            connection.execute("DELETE FROM record WHERE place >= ? AND place < ?", bounds)
            connection.execute("UPDATE partition SET start = ? WHERE slot = ?", (to, trim.slot))
        starts[trim.slot] = max(start, to)
    return starts


def _reach(connection: apsw.Connection, slot: int, start: int, before: int, limits: SqliteLimits) -> int:
    """Return up to where one transaction may remove records. Their sizes stand in their heads, no value is read."""
    if before <= start:
        return start
    bounds = (slot << OFFSET_BITS | start, slot << OFFSET_BITS | before)
    # Read to its end: a statement that is still under way would hold the transaction up.
    oldest: list[tuple[int, int]] = list(connection.execute(_OLDEST, (*bounds, limits.trim_records_max)))
    room = limits.trim_bytes_max
    for place, record_bytes in oldest:
        room -= record_bytes
        if room <= 0:
            return _offset_of(place) + 1
    return before if len(oldest) < limits.trim_records_max else _offset_of(oldest[-1][0]) + 1


def _offset_of(place: int) -> int:
    return place & (1 << OFFSET_BITS) - 1


def _landed(connection: apsw.Connection, batch: Batch, offsets: Sequence[int], starts: Mapping[int, int]) -> bool:
    """Whether a batch is in the file; any part of it speaks for the whole."""
    if batch.appends:
        place = batch.appends[-1].slot << OFFSET_BITS | offsets[-1]
        return connection.execute("SELECT 1 FROM record WHERE place = ?", (place,)).get is not None
    if not batch.commits:
        query = "SELECT start FROM partition WHERE slot = ?"
        return all(connection.execute(query, (slot,)).get == start for slot, start in starts.items())
    last = batch.commits[-1]
    query = "SELECT next_offset FROM committed WHERE reader = ? AND slot = ?"
    return all(connection.execute(query, (last.group, slot)).get == offset for slot, offset in last.offsets.items())
