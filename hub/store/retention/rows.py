"""Purges the store: lets go of rows that are old, final, and no longer in the log; a few in each transaction."""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVarTuple

from sqlalchemy import Connection

from hub.pipeline.retention import Policy
from hub.ports import Clock
from hub.ports.desk import key_subject
from hub.store.database import Database, Result, Unit
from hub.store.retention import decisions, purge
from hub.store.retention.purge import Aged, Ends, Starts
from schemas.topics import AUDIT, COMMANDS

ROWS_MAX = 20_000
"""Messages, and keys of requests, that one run looks at."""
BATCH_ROWS = 100
"""How many of them one transaction removes, with all that is known of each."""
PAUSE_S = 0.05
"""How long the store is left to others after each transaction."""

Arguments = TypeVarTuple("Arguments")

_Look = Callable[[Connection, str, datetime, int], Aged]
_Remove = Callable[[Sequence[str]], Awaitable[int]]


class Erasure(Protocol):
    """Who can destroy data keys."""

    async def destroy(self, subject: str, now: datetime) -> str | None:
        """Destroy the key of a subject and return its id; None when there is none."""


class OldRows:
    """The store's part of retention. A run ends after `rows_max`; the next one goes on there."""

    def __init__(
        self,
        *,
        database: Database,
        erasure: Erasure,
        policy: Policy,
        clock: Clock,
        rows_max: int = ROWS_MAX,
        batch_rows: int = BATCH_ROWS,
    ) -> None:
        self._database = database
        self._erasure = erasure
        self._policy = policy
        self._clock = clock
        self._rows_max = rows_max
        self._batch_rows = batch_rows
        self._at: dict[_Look, str] = {}

    async def let_go(self, starts: Starts, ends: Ends) -> Mapping[str, int]:
        """Remove what may go, and return how many rows of each kind went.

        `starts` is where the log begins, and `ends` where its commands ended a while ago. Errors: those of the store.
        """
        return Counter(
            messages=await self._walk(purge.aged, self._policy.ledger_days, partial(self._purge_messages, starts)),
            inbox=await self._walk(purge.aged_in_inbox, self._policy.inbox_days, partial(self._purge_inbox, ends)),
            orders=await self._walk(decisions.aged_orders, self._policy.orders_days, self._purge_orders),
            reconciliations=await self._walk(decisions.aged_runs, self._policy.reconciliation_days, self._purge_runs),
            audit=await self._purge_audit(starts),
            tombstones=await self._purge_tombstones(starts),
        )

    async def _walk(self, look: _Look, days: int, remove: _Remove) -> int:
        """Go through the old rows; at their end the walk begins anew with the next run."""
        before, removed = self._before(days), 0
        for _ in range(0, self._rows_max, self._batch_rows):
            at = self._at.get(look, "")
            batch = await self._database.read(_with(look, at, before, self._batch_rows))
            if batch.ids:
                removed += await remove(batch.ids)
                await self._clock.sleep(PAUSE_S)
            self._at[look] = batch.after or ""
            if batch.after is None:
                break
        return removed

    async def _purge_messages(self, starts: Starts, ids: Sequence[str]) -> int:
        if self._policy.erase_keys:
            # First, and again after a crash: who goes on finds the messages there still.
            for ordering_key in await self._database.read(_with(_forsaken, ids, starts)):
                await self._erasure.destroy(ordering_key, self._clock.now())
        return await self._database.write(_with(purge.purge_messages, ids, starts))

    async def _purge_inbox(self, ends: Ends, ids: Sequence[str]) -> int:
        return await self._database.write(_with(purge.purge_inbox, ids, ends))

    async def _purge_orders(self, ids: Sequence[str]) -> int:
        gone = 0
        for order_id in await self._database.read(_with(decisions.forgotten_orders, ids)):
            await self._erasure.destroy(key_subject(order_id), self._clock.now())
            gone += await self._database.write(_with(decisions.purge_order, order_id))
        return gone

    async def _purge_runs(self, ids: Sequence[str]) -> int:
        forgotten = await self._database.read(_with(decisions.forgotten_runs, ids))
        return sum([await self._database.write(_with(decisions.purge_run, run_id)) for run_id in forgotten])

    async def _purge_audit(self, starts: Starts) -> int:
        before = self._before(self._policy.audit_days)
        return sum(
            [
                await self._drain(_with(purge.purge_audit, partition, start, before, self._batch_rows))
                for (topic, partition), start in starts.items()
                if topic == AUDIT and start
            ]
        )

    async def _purge_tombstones(self, starts: Starts) -> int:
        return sum(
            [
                await self._drain(_with(purge.purge_tombstones, partition, start, self._batch_rows))
                for (topic, partition), start in starts.items()
                if topic == COMMANDS and start
            ]
        )

    async def _drain(self, unit: Unit[int]) -> int:
        """Repeat a unit until it removes less than a batch."""
        removed = 0
        for _ in range(0, self._rows_max, self._batch_rows):
            gone = await self._database.write(unit)
            removed += gone
            if gone < self._batch_rows:
                break
            await self._clock.sleep(PAUSE_S)
        return removed

    def _before(self, days: int) -> datetime:
        return self._clock.now() - timedelta(days=days)


def _with(unit: Callable[[Connection, *Arguments], Result], *arguments: *Arguments) -> Unit[Result]:
    return lambda connection: unit(connection, *arguments)


def _forsaken(connection: Connection, ids: Collection[str], starts: Starts) -> Sequence[str]:
    return purge.forsaken(connection, purge.settled(connection, ids, starts))
