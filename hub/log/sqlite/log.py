"""The log on SQLite: durable when the disk says so, for one process.

Appends and commits queue for one writing thread; everything queued goes into one transaction, one sync, one answer
(group commit). Reading has a thread of its own and is seldom needed: the newest records stay in memory.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self, TypeVar

from hub.errors import HubFault, Overloaded, TooLarge, Unavailable
from hub.log.arrivals import Arrivals
from hub.log.consumer import GroupConsumer, Groups
from hub.log.sqlite.batch import Batch, Contents, PendingAppend, PendingCommit, PendingTrim, Verdict
from hub.log.sqlite.database import Database
from hub.log.sqlite.journal import Opened, open_database
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.lock import FileLock
from hub.log.sqlite.reader import Reader
from hub.log.sqlite.tail import Tail
from hub.log.sqlite.writer import Writer
from hub.log.topics import Topics
from hub.ports import Bounds, Clock, Ownership, Position, Record

T = TypeVar("T")

_RETRY_AFTER_S = 1
_LIMITS = SqliteLimits()


@dataclass(slots=True)
class _Shelf:
    """One partition in memory."""

    slot: int
    start: int
    tail: Tail


class SqliteLog:
    """The `Log` port on one SQLite file, which one process owns. Made by `open`.

    `append` also raises TooLarge and Overloaded. After `aclose` everything raises Unavailable.
    """

    def __init__(self, topics: Topics, clock: Clock, limits: SqliteLimits, opened: Opened, lock: FileLock) -> None:
        self._topics = topics
        self._clock = clock
        self._limits = limits
        self._lock = lock
        ends, tail_bytes = opened.contents.ends, limits.tail_bytes_max // max(1, len(opened.slots))
        self._shelves = {
            place: _Shelf(slot.number, slot.start, Tail(ends[slot.number], tail_bytes))
            for place, slot in opened.slots.items()
        }
        self._committed = dict(opened.contents.committed)
        self._pending = 0
        self._pending_bytes = 0
        self._trimming = asyncio.Lock()
        self._arrivals = Arrivals(clock)
        self._groups = Groups(topics, self, clock, self._arrivals, limits.revoke_wait_s)
        self._reader = Reader(opened.database, limits.read_bytes_max)
        self._writer = Writer(opened.journal, self._finish, limits.batch_records_max, limits.batch_bytes_max)
        self._closing = False
        self._closed = False

    @classmethod
    async def open(
        cls,
        path: Path,
        topics: Mapping[str, int],
        clock: Clock,
        limits: SqliteLimits = _LIMITS,
        *,
        vfs: str = "unix-excl",
        synchronous: Literal["FULL", "OFF"] = "FULL",
    ) -> Self:
        """Open the file, or make it, and declare the topics; further topics in the file are left alone.

        `vfs` names SQLite's way to the disk; `unix-excl` needs no shared-memory file, so that a full disk can be read.
        `synchronous="OFF"` acknowledges what a power cut loses, and exists to show that.
        Errors: Unavailable (another process owns the file, or the disk fails), ConfigInvalid (not a log, no such
        folder, a topic with another number of partitions).
        """
        declared = Topics(topics)
        lock = FileLock(path)
        try:
            database = Database(path, vfs, synchronous)
            opened = await asyncio.to_thread(open_database, database, declared, limits)
            return cls(declared, clock, limits, opened, lock)
        except BaseException:
            lock.release()
            raise

    def partitions(self, topic: str) -> int:
        """As the port."""
        return self._topics.partitions(topic)

    def partition_of(self, topic: str, key: bytes) -> int:
        """As the port."""
        return self._topics.partition_of(topic, key)

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port. A caller that is cancelled does not take the record back."""
        partition = self._topics.partition_of(topic, key)
        done: asyncio.Future[Position] = asyncio.get_running_loop().create_future()
        slot = self._shelves[topic, partition].slot
        pending = PendingAppend(slot, topic, partition, self._clock.now(), key, value, done)
        self._admit(pending.record_bytes)
        self._writer.put(pending)
        self._pending += 1
        self._pending_bytes += pending.record_bytes
        return await done

    def _admit(self, record_bytes: int) -> None:
        self._refuse_when_closed()
        if record_bytes > self._limits.record_bytes_max:
            raise TooLarge(f"a record may have {self._limits.record_bytes_max} bytes")
        if self._pending >= self._limits.pending_max or self._pending_bytes >= self._limits.pending_bytes_max:
            raise Overloaded("too many appends wait for the disk", retry_after_s=_RETRY_AFTER_S)

    async def read(self, topic: str, partition: int, offset: int, records_max: int) -> Sequence[Record]:
        """As the port."""
        self._refuse_when_closed()
        shelf = self._shelves[topic, partition]
        first = max(offset, shelf.start)
        recent = shelf.tail.read(first, records_max)
        if recent is not None:
            return recent
        return await self._reader.read(shelf.slot, topic, partition, first, records_max)

    async def bounds(self, topic: str, partition: int) -> Bounds:
        """As the port."""
        self._refuse_when_closed()
        shelf = self._shelves[topic, partition]
        return Bounds(shelf.start, shelf.tail.end)

    async def trim(self, topic: str, partition: int, before: int) -> int:
        """As `Trimming.trim`: a few records in each transaction, with a pause after it. One partition at a time.

        The pages that become free are used again by what is appended later; the file does not shrink.
        """
        shelf = self._shelves[topic, partition]
        async with self._trimming:
            while shelf.start < min(before, shelf.tail.end):
                self._refuse_when_closed()
                done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
                self._writer.put(PendingTrim(shelf.slot, before, done))
                await done
                await self._clock.sleep(self._limits.trim_pause_s)
        return shelf.start

    async def readers(self, topic: str, groups: Collection[str]) -> Mapping[str, Mapping[int, int]]:
        """As `Trimming.readers`."""
        partitions = range(self._topics.partitions(topic))
        return {group: {each: self.committed(group, topic, each) for each in partitions} for group in groups}

    async def join(self, group: str, topic: str, ownership: Ownership) -> GroupConsumer:
        """As the port."""
        self._refuse_when_closed()
        return self._groups.join(group, topic, ownership)

    async def wait(self, topic: str, wait_s: float) -> None:
        """As the port."""
        self._topics.partitions(topic)
        self._refuse_when_closed()
        await self._arrivals.wait(topic, self._arrivals.seen(topic), wait_s)

    async def aclose(self) -> None:
        """As the port; members still in a group leave it first."""
        if self._closing:
            return
        self._closing = True
        try:
            await self._groups.aclose()
        finally:
            self._closed = True
            self._arrivals.close()
            await self._reader.aclose()
            await self._writer.aclose()
            self._lock.release()

    def groups(self) -> dict[tuple[str, str], dict[int, int]]:
        """Return, by (group, topic), the next offset to read of each partition for which the group committed one."""
        found: dict[tuple[str, str], dict[int, int]] = {}
        groups = {group for group, _ in self._committed}
        for (topic, partition), shelf in self._shelves.items():
            for group in groups:
                if (group, shelf.slot) in self._committed:
                    found.setdefault((group, topic), {})[partition] = self.committed(group, topic, partition)
        return found

    def committed(self, group: str, topic: str, partition: int) -> int:
        """As `hub.log.consumer.Source`."""
        shelf = self._shelves[topic, partition]
        return max(shelf.start, self._committed.get((group, shelf.slot), 0))

    def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> asyncio.Future[None]:
        """As `hub.log.consumer.Source`. Errors: Unavailable, WriteInDoubt."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.add_done_callback(_acknowledge)
        slots = {self._shelves[topic, partition].slot: offset for partition, offset in offsets.items()}
        self._writer.put(PendingCommit(group, slots, done))
        return done

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise Unavailable("the log is closed")

    def _finish(self, batch: Batch, verdict: Verdict) -> None:
        """Pass on what the writing thread reports."""
        self._pending -= len(batch.appends)
        self._pending_bytes -= batch.record_bytes
        if verdict.contents is not None:
            self._take_over(verdict.contents)
        if verdict.error is not None:
            for append in batch.appends:
                _fail(append.done, verdict.error)
            for commit in batch.commits:
                _fail(commit.done, verdict.error)
            for trim in batch.trims:
                _fail(trim.done, verdict.error)
            return
        self._shelve(batch.appends, verdict.offsets)
        self._move_starts(verdict.starts)
        for trim in batch.trims:
            _succeed(trim.done, verdict.starts[trim.slot])
        for commit in batch.commits:
            self._committed.update({(commit.group, slot): offset for slot, offset in commit.offsets.items()})
            _succeed(commit.done, None)

    def _shelve(self, appends: Sequence[PendingAppend], offsets: Sequence[int]) -> None:
        for append, offset in zip(appends, offsets, strict=True):
            topic, partition = append.topic, append.partition
            record = Record(topic, partition, offset, append.appended_at, append.key, append.value)
            self._shelves[topic, partition].tail.push(record)
            _succeed(append.done, Position(topic, partition, offset))
        for topic in {append.topic for append in appends}:
            self._arrivals.announce(topic)

    def _move_starts(self, starts: Mapping[int, int]) -> None:
        for shelf in self._shelves.values():
            shelf.start = starts.get(shelf.slot, shelf.start)

    def _take_over(self, contents: Contents) -> None:
        """The file was opened again: believe it."""
        self._committed = dict(contents.committed)
        self._move_starts(contents.starts)
        for (topic, _), shelf in self._shelves.items():
            shelf.tail.move(contents.ends[shelf.slot])
            self._arrivals.announce(topic)


def _succeed(done: asyncio.Future[T], answer: T) -> None:
    if not done.done():
        done.set_result(answer)


def _fail(done: asyncio.Future[T], error: HubFault) -> None:
    """Fail one waiter with an error of its own: tracebacks grow on the object that is raised."""
    if not done.done():
        done.set_exception(type(error)(error.hint, code=error.problem_code, retry_after_s=error.retry_after_s))


def _acknowledge(done: asyncio.Future[None]) -> None:
    """Look at the error that a cancelled caller leaves behind."""
    if not done.cancelled():
        done.exception()
