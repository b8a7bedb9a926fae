"""One connection that writes: each unit in a transaction of its own, in the order in which they were handed over."""

import asyncio
import random
from collections import deque
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from hub.errors import HubFault, Overloaded, Unavailable
from hub.store.database import Result, Unit
from hub.store.postgres.faults import RAISED, Verdict, verdict, verdict_at_commit

_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A unit and the future of the task that waits for it."""

    unit: Unit[Any]
    future: asyncio.Future[Any]


class Failed(Exception):
    """A transaction that the database, or the road to it, did not let through."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


class PostgresWriter:
    """Runs units for the tasks of one event loop.

    Units share no transaction: together they would hold rows that other processes wait for, in any order. Whoever has
    many small things to write gathers them into one unit (`hub.store.gathering`).

    A unit that lost to another process (a deadlock, a row that came in between) runs again, at most five times; so
    does one, once, whose connection turned out to be dead before the commit. Where no connection can be made, all
    units that wait fail at once.
    """

    def __init__(self, engine: AsyncEngine, name: str, units_pending_max: int) -> None:
        self._engine = engine
        self._name = name
        self._pending_max = units_pending_max
        self._queue: deque[_Waiting] = deque()
        self._open = True
        self._task: asyncio.Task[None] | None = None

    async def write(self, unit: Unit[Result]) -> Result:
        """Hand over a unit and wait for its commit."""
        if not self._open:
            raise Unavailable(f"{self._name}: closed")
        if len(self._queue) >= self._pending_max:
            raise Overloaded(f"{self._name}: too many writes wait", retry_after_s=1)
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(unit, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await future

    async def aclose(self) -> None:
        """Refuse further units, and let the waiting ones finish."""
        self._open = False
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _work(self) -> None:
        """Settle units until none waits."""
        while self._queue:
            await self._settle(self._queue.popleft())

    async def _settle(self, waiting: _Waiting) -> None:
        """Run one unit and answer who waits for it; one whose caller gave up before is passed over."""
        if waiting.future.done():
            return
        try:
            result = await self._written(waiting.unit)
        except asyncio.CancelledError:
            waiting.future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever asked
            _fail(waiting, error)
        else:
            if not waiting.future.done():
                waiting.future.set_result(result)

    async def _written(self, unit: Unit[Result]) -> Result:
        """Run a unit until it is through, or may not be tried again."""
        tries = 1
        while True:
            try:
                return await self._transact(unit)
            except Failed as failed:
                if tries >= failed.verdict.tries_max:
                    raise failed.verdict.fault from None
            await asyncio.sleep(_PAUSE_S * tries * random.random())  # noqa: S311 - so that two do not meet again
            tries += 1

    async def _transact(self, unit: Unit[Result]) -> Result:
        async with aclosing(await self._connection()) as connection:
            try:
                result = await connection.run_sync(unit)
            except RAISED as error:
                raise await failure(connection, verdict(error, self._name)) from None
            try:
                await connection.commit()
            except RAISED as error:
                raise await failure(connection, verdict_at_commit(error, self._name)) from None
        return result

    async def _connection(self) -> AsyncConnection:
        """Return a connection; closing it rolls back what was not committed. Where there is none, nobody gets one."""
        try:
            return await self._engine.connect()
        except RAISED as error:
            fault = verdict(error, self._name).fault
            self._fail_all(fault)
            raise fault from None

    def _fail_all(self, fault: HubFault) -> None:
        while self._queue:
            _fail(self._queue.popleft(), fault)


async def failure(connection: AsyncConnection, verdict: Verdict) -> Failed:
    """Return what to raise; a connection that is of no more use is let go of."""
    if verdict.lost:
        await connection.invalidate()
    return Failed(verdict)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(error)
