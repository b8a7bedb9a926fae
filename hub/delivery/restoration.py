"""What a lost parking place held is put back from the log: nothing that was accepted goes unsent for a lost file."""

from collections.abc import AsyncIterator, Sequence

from hub.delivery.command import read_header
from hub.delivery.hindsight import Hindsight, IsRepeat, look_again
from hub.delivery.recall import OVERTAKEN
from hub.errors import Unsealable
from hub.ports import Clock, DeliveryId, LaneKey, Log, Owed, ParkedRow, Record, Unparked
from hub.telemetry import logger
from schemas.delivery import DeliveryState

TOPIC = "hub.commands"
_ROWS = 200
_log = logger("delivery")


class Restoration:
    """Looks, before a partition is worked on, for deliveries that are owed and lie nowhere.

    The first of a lane begins in doubt, for a call may have been under way; what was dead holds its lane again; what
    was withdrawn lies before its withdrawal again, and what was overtaken is known to be so.
    """

    def __init__(self, log: Log, owed: Owed, clock: Clock, is_repeat: IsRepeat) -> None:
        self._log = log
        self._owed = owed
        self._clock = clock
        self._is_repeat = is_repeat

    async def restore(self, partition: int, committed: int) -> int:
        """Put back what is missing below the committed offset, and return how much. Errors: those of log and store."""
        owed = [each async for missing in self._missing(partition, committed) for each in missing]
        if not owed:
            return 0
        stretch = range(min(each.offset for each in owed), committed)
        # One that is dead is not in doubt, but a person may have let go on what lies behind it.
        hindsight = Hindsight({(each.offset, each.index) for each in owed if each.state is not DeliveryState.DEAD})
        await look_again(self._log, self._clock, self._is_repeat, TOPIC, partition, stretch, hindsight)
        restored = 0
        async for missing in self._missing(partition, committed):
            rows = [row async for row in self._rows(partition, missing, hindsight)]
            # In one transaction: without its withdrawal a row would be sent, and would not be missing any more.
            await self._owed.park([*rows, *self._withdrawals(rows, hindsight)])
            restored += len(rows)
        if restored:
            _log.warning("deliveries_restored", partition=partition, deliveries=restored)
        return restored

    async def _missing(self, partition: int, committed: int) -> AsyncIterator[Sequence[Unparked]]:
        after = None
        while missing := await self._owed.unparked(partition, committed, after, _ROWS):
            yield missing
            after = missing[-1].id

    async def _rows(
        self, partition: int, missing: Sequence[Unparked], hindsight: Hindsight
    ) -> AsyncIterator[ParkedRow]:
        records: dict[int, Record] = {}
        for each in missing:
            if each.offset not in records:
                found = await self._log.read(TOPIC, partition, each.offset, 1)
                if not found or found[0].offset != each.offset:
                    _log.error("record_gone", topic=TOPIC, partition=partition, offset=each.offset)
                    continue
                records[each.offset] = found[0]
            row = self._row(each, records[each.offset], hindsight)
            if row is not None:
                yield row

    def _row(self, missing: Unparked, record: Record, hindsight: Hindsight) -> ParkedRow | None:
        try:
            header = read_header(record.value)
        except Unsealable:
            return None
        lane = LaneKey(header.ordering_key, header.deliveries[missing.index].platform)
        dead = missing.state is DeliveryState.DEAD
        return ParkedRow(
            id=missing.id,
            lane=lane,
            partition=record.partition,
            offset=record.offset,
            index=missing.index,
            state=_state(missing.state, begun=hindsight.begun.get(lane) == (record.offset, missing.index)),
            attempts=missing.attempts,
            due_at=self._clock.now(),
            envelope=record.value,
            code=OVERTAKEN if record.offset in hindsight.overtaken and not dead else "",
        )

    def _withdrawals(self, rows: Sequence[ParkedRow], hindsight: Hindsight) -> Sequence[ParkedRow]:
        """Return the withdrawals that belong behind some rows, each once."""
        marks: dict[DeliveryId, ParkedRow] = {}
        for row in rows:
            work = hindsight.withdrawal(row.lane, row.offset)
            if work is not None:
                marks[work.id] = work.row(DeliveryState.WAITING, self._clock.now())
        return list(marks.values())


def _state(last: DeliveryState, *, begun: bool) -> DeliveryState:
    """Return as what a row comes back, from the last state in the ledger and whether a call may have been under way."""
    if last in (DeliveryState.DEAD, DeliveryState.IN_DOUBT):
        return last
    return DeliveryState.IN_FLIGHT if begun else DeliveryState.WAITING
