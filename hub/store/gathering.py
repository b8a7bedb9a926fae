"""Many small requests, few transactions: what is asked while a transaction runs is put into the next one together."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

from sqlalchemy import Connection

from hub.errors import HubError, Overloaded
from hub.store.database import Database

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_Asked = tuple[Item, asyncio.Future[Answer]]


class Gathering(Generic[Item, Answer]):
    """Asks a unit of work that takes many items and returns one answer for each, in their order.

    A group of several that fails on a row is asked again item by item, so that only the failing one fails.
    With `reads` the unit changes nothing, and waits for no writer.
    """

    def __init__(
        self,
        database: Database,
        unit: Callable[[Connection, Sequence[Item]], Sequence[Answer]],
        *,
        items_max: int = 256,
        pending_max: int = 10_000,
        reads: bool = False,
    ) -> None:
        self._database = database
        self._reads = reads
        self._unit = unit
        self._items_max = items_max
        self._pending_max = pending_max
        self._pending: deque[_Asked[Item, Answer]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def ask(self, item: Item) -> Answer:
        """Return the item's answer, durable. Errors: those of `Database.write`, those of the unit."""
        if len(self._pending) >= self._pending_max:
            raise Overloaded("too many requests wait for the store", retry_after_s=1)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending.append((item, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        """Settle groups until nothing is pending."""
        while self._pending:
            group = list(islice(self._pending, self._items_max))
            for _ in group:
                self._pending.popleft()
            await self._settle(group)

    async def _settle(self, group: Sequence[_Asked[Item, Answer]]) -> None:
        try:
            answers = await self._run([item for item, _ in group])
        except asyncio.CancelledError:
            for _, future in group:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to whoever asked
            await self._fail(group, error)
        else:
            for (_, future), answer in zip(group, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _fail(self, group: Sequence[_Asked[Item, Answer]], error: Exception) -> None:
        """Pass the error on; where one row of several may be the cause, find it."""
        if len(group) > 1 and not _concerns_all(error):
            for asked in group:
                await self._settle([asked])
            return
        for _, future in group:
            if not future.done():
                future.set_exception(error)

    async def _run(self, items: Sequence[Item]) -> Sequence[Answer]:
        run = self._database.read if self._reads else self._database.write
        return await run(lambda connection: self._unit(connection, items))


def _concerns_all(error: Exception) -> bool:
    """Whether the database is at fault, and not a row."""
    return isinstance(error, HubError) and error.retriable
