"""The way into the parking place: writes of one partition, in order, many at a time."""

import asyncio
from collections.abc import Callable

from hub.errors import HubFault, StaleOwner
from hub.ports import Clock, DeliveryId, ParkedRow, Parking
from hub.telemetry import logger

_RETRY_S = 0.5
_log = logger("delivery")


class Shelf:
    """Collects rows and tombstones and writes them in batches; the last word on a delivery wins.

    A failing store is tried again for as long as it takes: what waits here is still held by the gate. StaleOwner ends
    the shelf: another process owns the partition.
    """

    def __init__(self, parking: Parking, clock: Clock, partition: int, epoch: int) -> None:
        self._parking = parking
        self._clock = clock
        self._partition = partition
        self.epoch = epoch
        self._rows: dict[DeliveryId, ParkedRow] = {}
        self._gone: dict[DeliveryId, None] = {}
        self._after: list[Callable[[], None]] = []
        self._wanted = asyncio.Event()
        self._written = asyncio.Condition()
        self._asked = 0
        self._done = 0
        self.stale = False

    def put(self, row: ParkedRow, then: Callable[[], None] | None = None) -> None:
        """Have a row written; `then` is called when it is durable."""
        self._rows[row.id] = row
        self._gone.pop(row.id, None)
        if then is not None:
            self._after.append(then)
        self._ask()

    def settle(self, delivery: DeliveryId) -> None:
        """Have a row turned into a tombstone. One that was never written needs none: its outcome is in the log."""
        self._rows.pop(delivery, None)
        self._gone[delivery] = None
        self._ask()

    async def flushed(self) -> None:
        """Return when everything asked for up to here is durable. StaleOwner when the partition is lost."""
        mark = self._asked
        async with self._written:
            await self._written.wait_for(lambda: self._done >= mark or self.stale)
        if self.stale:
            raise StaleOwner(f"partition {self._partition}")

    async def run(self) -> None:
        """Write until cancelled, or until the partition is lost."""
        while not self.stale:
            await self._wanted.wait()
            self._wanted.clear()
            await self._flush()

    async def close(self) -> None:
        """The partition is given up: whoever waits for a write is told so."""
        self.stale = True
        async with self._written:
            self._written.notify_all()

    def _ask(self) -> None:
        self._asked += 1
        self._wanted.set()

    async def _flush(self) -> None:
        mark, rows, gone, after = self._asked, list(self._rows.values()), list(self._gone), self._after
        self._rows, self._gone, self._after = {}, {}, []
        try:
            await self._write(rows, gone)
        except StaleOwner:
            self.stale = True
        else:
            for call in after:
                call()
        async with self._written:
            self._done = mark
            self._written.notify_all()

    async def _write(self, rows: list[ParkedRow], gone: list[DeliveryId]) -> None:
        while True:
            try:
                if rows:
                    await self._parking.put(self._partition, self.epoch, rows)
                if gone:
                    await self._parking.settle(self._partition, self.epoch, gone)
            except StaleOwner:
                raise
            except HubFault as fault:
                _log.warning("shelf_waits", partition=self._partition, code=fault.problem_code)
                await self._clock.sleep(_RETRY_S)
            else:
                return
