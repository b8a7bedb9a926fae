"""A few threads that read snapshots of the file, and that let go of it when the writer has to open it afresh."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.errors import Overloaded, Unavailable
from hub.store.database import Result, Unit
from hub.store.sqlite.faults import fault

_THREADS = 2
_DROP_S = 1.0
"""How long the writer waits for reads that are under way, and new ones for it."""


class Readers:
    """Runs reads, each in a transaction of its own; for the tasks of one event loop."""

    def __init__(self, engine: Engine, file: str, units_pending_max: int) -> None:
        self._engine = engine
        self._file = file
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix=f"{file}-reader")
        self._places = _Places(_THREADS)
        self._pending = 0
        self._pending_max = units_pending_max
        self._closed = False

    async def read(self, unit: Unit[Result]) -> Result:
        """See `Database.read`."""
        if self._closed:
            raise Unavailable(f"{self._file}: closed")
        if self._pending >= self._pending_max:
            raise Overloaded(f"{self._file}: too many reads wait", retry_after_s=1)
        self._pending += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, unit)
        finally:
            self._pending -= 1

    def drop(self) -> None:
        """Close every connection of the readers; the next read opens its own. Belongs to the writer's thread.

        Where somebody reads on for too long nothing is closed; the writer will ask again.
        """
        with self._places.all(_DROP_S) as empty:
            if empty:
                self._engine.dispose()

    async def aclose(self) -> None:
        """Refuse further reads, let the waiting ones finish, and close the connections."""
        self._closed = True
        await asyncio.to_thread(self._threads.shutdown)
        self._engine.dispose()

    def _read(self, unit: Unit[Result]) -> Result:
        try:
            with self._places.one(), self._engine.begin() as connection:
                return unit(connection)
        except SQLAlchemyError as error:
            raise fault(error, self._file) from error


class _Places:
    """Room for so many readers, or for one who wants to be alone and for whom newcomers wait."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._free = threading.Semaphore(number)
        self._door = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Take one place for the block."""
        with self._door:
            self._free.acquire()
        try:
            yield
        finally:
            self._free.release()

    @contextmanager
    def all(self, wait_s: float) -> Iterator[bool]:
        """Take all places for the block, or say after so many seconds that they were not to be had."""
        taken, deadline_s = 0, time.monotonic() + wait_s
        with self._door:
            while taken < self._number and self._free.acquire(timeout=max(0.0, deadline_s - time.monotonic())):
                taken += 1
            try:
                yield taken == self._number
            finally:
                if taken:
                    self._free.release(taken)
