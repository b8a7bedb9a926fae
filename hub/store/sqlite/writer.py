"""One thread that writes: whatever waits is run in one transaction, committed once, and answered together."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import HubError, Overloaded, Unavailable
from hub.store.database import Result, Unit
from hub.store.sqlite.faults import fault, fault_at_commit, says_read_only, sound_after_commit, spoils

_GROUP_UNITS_MAX = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A unit and the future of the task that waits for it."""

    unit: Unit[Any]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a unit: a result, or an error."""

    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def give(self) -> None:
        """Wake the task, if it still waits. Belongs to the thread of its event loop."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class _UnitFailed(Exception):
    """One unit of a group raised; `cause` is what the database said, if it was the database."""

    def __init__(self, error: Exception, cause: SQLAlchemyError | None = None) -> None:
        super().__init__()
        self.error = error
        self.cause = cause


class Writer:
    """A thread with group commit, for the tasks of one event loop. Its engine's transactions begin with the write lock.

    A group whose every unit succeeds costs one commit. Where one fails, the group is rolled back and each unit runs
    again in a transaction of its own, so that only the failing one fails. Where the transaction cannot begin or
    commit, all fail.

    `drop_readers` closes other connections to the file; they are opened again when they are needed.
    """

    def __init__(self, engine: Engine, file: str, units_pending_max: int, drop_readers: Callable[[], None]) -> None:
        self._engine = engine
        self._drop_readers = drop_readers
        self._file = file
        self._pending_max = units_pending_max
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"{file}-writer", daemon=True)
        self._open = False

    def start(self) -> None:
        """Start the thread."""
        self._open = True
        self._thread.start()

    async def write(self, unit: Unit[Result]) -> Result:
        """Hand a unit to the thread and wait for its commit."""
        if not self._open:
            raise Unavailable(f"{self._file}: closed")
        if self._queue.qsize() >= self._pending_max:
            raise Overloaded(f"{self._file}: too many writes wait", retry_after_s=1)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.put(_Waiting(unit, future))
        return await future

    async def aclose(self) -> None:
        """Refuse further units, let the waiting ones finish, and end the thread."""
        if self._open:
            self._open = False
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while group := self._next_group():
            _give(self._settle(group))

    def _next_group(self) -> Sequence[_Waiting]:
        """Return every unit that waits, up to a bound; waits for the first one. Nothing at the end."""
        group: list[_Waiting] = []
        item = self._queue.get()
        while item is not None:
            group.append(item)
            if len(group) == _GROUP_UNITS_MAX:
                return group
            try:
                item = self._queue.get_nowait()
            except Empty:
                return group
        if group:
            self._queue.put(None)
        return group

    def _settle(self, group: Sequence[_Waiting]) -> Sequence[_Answer]:
        try:
            return self._transact(group)
        except _UnitFailed as failed:
            if len(group) == 1:
                return _all_fail(group, failed.error)
        except HubError as error:
            return _all_fail(group, error)
        return [answer for waiting in group for answer in self._settle([waiting])]

    def _transact(self, group: Sequence[_Waiting]) -> Sequence[_Answer]:
        """Run the group in one transaction. Errors: _UnitFailed, Unavailable, WriteInDoubt."""
        with self._connection() as connection:
            try:
                answers = [_Answer(waiting.future, self._result(connection, waiting.unit)) for waiting in group]
            except _UnitFailed as failed:
                self._discard_spoilt(connection, failed.cause)
                raise
            self._commit(connection)
        return answers

    def _connection(self) -> Connection:
        """Return a connection in a transaction; closing it rolls back what was not committed."""
        try:
            connection = self._engine.connect()
        except SQLAlchemyError as error:
            raise fault(error, self._file) from error
        try:
            connection.begin()
        except SQLAlchemyError as error:
            self._discard_spoilt(connection, error)
            connection.close()
            raise fault(error, self._file) from error
        return connection

    def _discard_spoilt(self, connection: Connection, error: SQLAlchemyError | None) -> None:
        """Let go of a connection that is of no more use, and of readers that would spoil the next one."""
        if error is not None and spoils(error):
            connection.invalidate()
        if error is not None and says_read_only(error):
            self._drop_readers()

    def _result(self, connection: Connection, unit: Unit[Any]) -> Any:
        try:
            return unit(connection)
        except SQLAlchemyError as error:
            raise _UnitFailed(fault(error, self._file), error) from error
        except Exception as error:
            raise _UnitFailed(error) from error

    def _commit(self, connection: Connection) -> None:
        try:
            connection.commit()
        except SQLAlchemyError as error:
            if not sound_after_commit(error):
                connection.invalidate()  # a file handle whose sync failed is not trusted again
            raise fault_at_commit(error, self._file) from error


def _all_fail(group: Sequence[_Waiting], error: Exception) -> Sequence[_Answer]:
    return [_Answer(waiting.future, error=error) for waiting in group]


def _give(answers: Sequence[_Answer]) -> None:
    """Wake all tasks with one call into their event loop; when that is closed, nobody waits any more."""
    with suppress(RuntimeError):
        answers[0].future.get_loop().call_soon_threadsafe(_give_all, answers)


def _give_all(answers: Sequence[_Answer]) -> None:
    for answer in answers:
        answer.give()
