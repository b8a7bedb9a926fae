"""What a lost parking place held is put back from the log: nothing that was accepted goes unsent for a lost file."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from hub.delivery.command import read_header
from hub.errors import Unsealable
from hub.ports import Clock, LaneKey, Log, Owed, ParkedRow, Record, Unparked
from hub.telemetry import logger
from schemas.delivery import DeliveryState

TOPIC = "hub.commands"
_ROWS = 200
_log = logger("delivery")


class Restoration:
    """Looks, before a partition is worked on, for deliveries that are owed and lie nowhere.

    What is put back begins in doubt, for a call may have been under way; what was dead holds its lane again.
    """

    def __init__(self, log: Log, owed: Owed, clock: Clock) -> None:
        self._log = log
        self._owed = owed
        self._clock = clock

    async def restore(self, partition: int, committed: int) -> int:
        """Put back what is missing below the committed offset, and return how much. Errors: those of log and store."""
        restored = 0
        after = None
        while missing := await self._owed.unparked(partition, committed, after, _ROWS):
            rows = [row async for row in self._rows(partition, missing)]
            await self._owed.park(rows)
            restored += len(rows)
            after = missing[-1].id
        if restored:
            _log.warning("deliveries_restored", partition=partition, deliveries=restored)
        return restored

    async def _rows(self, partition: int, missing: Sequence[Unparked]) -> AsyncIterator[ParkedRow]:
        records: dict[int, Record] = {}
        for each in missing:
            if each.offset not in records:
                found = await self._log.read(TOPIC, partition, each.offset, 1)
                if not found or found[0].offset != each.offset:
                    _log.error("record_gone", topic=TOPIC, partition=partition, offset=each.offset)
                    continue
                records[each.offset] = found[0]
            row = _row(each, records[each.offset], self._clock.now())
            if row is not None:
                yield row


def _row(missing: Unparked, record: Record, now: datetime) -> ParkedRow | None:
    try:
        header = read_header(record.value)
    except Unsealable:
        return None
    planned = header.deliveries[missing.index]
    dead = missing.state is DeliveryState.DEAD
    return ParkedRow(
        id=missing.id,
        lane=LaneKey(header.ordering_key, planned.platform),
        partition=record.partition,
        offset=record.offset,
        index=missing.index,
        state=DeliveryState.DEAD if dead else DeliveryState.IN_FLIGHT,
        attempts=missing.attempts,
        due_at=now,
        envelope=record.value,
    )
