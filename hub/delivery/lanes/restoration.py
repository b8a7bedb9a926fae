"""What a lost parking place held is put back from the log: nothing that was accepted goes unsent for a lost file."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from hub.delivery.decisions.clerk import Given, corrected, resent_row, submission_of
from hub.delivery.decisions.hindsight import Hindsight, IsRepeat, look_again
from hub.delivery.decisions.recall import OVERTAKEN
from hub.delivery.tries.command import read_header
from hub.delivery.work import Work
from hub.errors import Unsealable
from hub.ports import Clock, DeliveryId, Keys, LaneKey, Log, Owed, ParkedRow, Precedents, Record, Unparked
from hub.telemetry import logger
from schemas.delivery import DeliveryState
from schemas.topics import COMMANDS

_ROWS = 200
_log = logger("delivery")


class Restoration:
    """Looks, before a partition is worked on, for deliveries that are owed and lie nowhere.

    The first of a lane begins in doubt, for a call may have been under way; what was dead holds its lane again; what
    was withdrawn lies before its withdrawal again, and what was overtaken is known to be so. What operators' rulings
    have corrected is sent as corrected, what they sent again lies where they lie, and a ruling that was not obeyed lies
    in its lane again.
    """

    def __init__(
        self, log: Log, owed: Owed, clock: Clock, is_repeat: IsRepeat, *, precedents: Precedents, keys: Keys
    ) -> None:
        self._log = log
        self._owed = owed
        self._clock = clock
        self._is_repeat = is_repeat
        self._precedents = precedents
        self._keys = keys

    async def restore(self, partition: int, committed: int) -> int:
        """Put back what is missing below the committed offset, and return how much. Errors: those of log and store."""
        restored = await self._deliveries(partition, committed) + await self._rulings(partition, committed)
        if restored:
            _log.warning("deliveries_restored", partition=partition, deliveries=restored)
        return restored

    async def _rulings(self, partition: int, committed: int) -> int:
        """Put back the rulings that were not obeyed. One that is obeyed twice does nothing a second time."""
        rows = []
        for offset in await self._precedents.unanswered(partition, committed):
            record = await self._record(partition, offset)
            given = None if record is None else Given.read(partition, offset, record.value)
            if record is not None and given is not None:
                work = Work.of_ruling(given.header.message_id, record, given.lane)
                rows.append(work.row(DeliveryState.WAITING, self._clock.now()))
        await self._owed.park(rows)
        return len(rows)

    async def _deliveries(self, partition: int, committed: int) -> int:
        owed = [each async for missing in self._missing(partition, committed) for each in missing]
        if not owed:
            return 0
        stretch = range(min(each.offset for each in owed), committed)
        # One that is dead is not in doubt, but a person may have let go on what lies behind it.
        begun = {(each.offset, each.index) for each in owed if each.state is not DeliveryState.DEAD}
        hindsight = Hindsight(begun, {each.id.message_id for each in owed})
        await look_again(self._log, self._clock, self._is_repeat, COMMANDS, partition, stretch, hindsight)
        await hindsight.keep(self._precedents)
        restored = 0
        async for missing in self._missing(partition, committed):
            rows = [row async for row in self._rows(partition, missing, hindsight)]
            # In one transaction: without its withdrawal a row would be sent, and would not be missing any more.
            await self._owed.park([*rows, *self._withdrawals(rows, hindsight)])
            restored += len(rows)
        return restored

    async def _missing(self, partition: int, committed: int) -> AsyncIterator[Sequence[Unparked]]:
        after = None
        while missing := await self._owed.unparked(partition, committed, after, _ROWS):
            yield missing
            after = missing[-1].id

    async def _rows(
        self, partition: int, missing: Sequence[Unparked], hindsight: Hindsight
    ) -> AsyncIterator[ParkedRow]:
        records: dict[int, Record | None] = {}
        for each in missing:
            row = await self._resent(each, hindsight)
            if row is None:
                if each.offset not in records:
                    records[each.offset] = await self._record(partition, each.offset)
                record = records[each.offset]
                row = None if record is None else self._row(each, record, hindsight)
            if row is not None:
                yield await self._corrected(row, hindsight)

    async def _record(self, partition: int, offset: int) -> Record | None:
        found = await self._log.read(COMMANDS, partition, offset, 1)
        if found and found[0].offset == offset:
            return found[0]
        _log.error("record_gone", topic=COMMANDS, partition=partition, offset=offset)
        return None

    async def _resent(self, missing: Unparked, hindsight: Hindsight) -> ParkedRow | None:
        """Return the row of a delivery that a ruling has sent again: where the ruling lies, and in doubt."""
        given = hindsight.resent(missing.id)
        submission = None if given is None else await submission_of(given, self._keys)
        if given is None or submission is None:
            return None
        row = await resent_row(given, submission, self._keys, self._clock.now())
        return None if row is None else replace(row, state=_state(missing.state, begun=True), attempts=missing.attempts)

    async def _corrected(self, row: ParkedRow, hindsight: Hindsight) -> ParkedRow:
        """Return a row with the body that the last ruling gave it."""
        given = hindsight.corrected(row.id, row.lane, row.offset)
        submission = None if given is None else await submission_of(given, self._keys)
        value = None if submission is None else await corrected(row.envelope, submission, self._keys)
        return row if value is None else replace(row, envelope=value)

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
