"""What a committed stretch of the log says of deliveries that lie nowhere: withdrawn, overtaken, perhaps begun."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field

from hub.delivery.command import read_header
from hub.delivery.revisions import Revisions, look_back
from hub.delivery.work import Work
from hub.errors import Unsealable
from hub.ports import Clock, LaneKey, Log, Record
from schemas.delivery import CommandHeader, MessageKind

_BATCH_RECORDS = 500

IsRepeat = Callable[[Record, CommandHeader], Awaitable[bool]]
"""Whether an earlier record carries the same message as one that was appended again."""


@dataclass(slots=True)
class Hindsight:
    """What a worker knew when it had read the stretch, as far as the log can tell.

    `owed` are the places (offset, index) of deliveries that may have begun, if it was their turn. `begun` holds the
    first of each lane: those behind it had not. `withdrawals` holds the last one of each dossier, with its message id:
    it stands for all before it. `overtaken` holds the offsets of what lies behind a newer revision of its dossier.
    """

    owed: Collection[tuple[int, int]]
    begun: dict[LaneKey, tuple[int, int]] = field(default_factory=dict)
    withdrawals: dict[str, tuple[str, Record]] = field(default_factory=dict)
    overtaken: set[int] = field(default_factory=set)

    def withdrawal(self, lane: LaneKey, offset: int) -> Work | None:
        """Return the withdrawal of what lies at an offset, as it goes into the lane; None when there is none."""
        message_id, record = self.withdrawals.get(lane.ordering_key, ("", None))
        return None if record is None or record.offset < offset else Work.of_withdrawal(message_id, record, lane)

    def note(self, record: Record, header: CommandHeader, *, overtaken: bool) -> None:
        """Take one record in. A withdrawal that was overtaken withdraws nothing."""
        for index, planned in enumerate(header.deliveries):
            if (place := (record.offset, index)) in self.owed:
                self.begun.setdefault(LaneKey(header.ordering_key, planned.platform), place)
        if header.kind != MessageKind.WITHDRAWAL:
            self.overtaken.update({record.offset} if overtaken else ())
        elif not overtaken:
            self.withdrawals[header.ordering_key] = header.message_id, record


async def look_again(
    log: Log, clock: Clock, is_repeat: IsRepeat, topic: str, partition: int, stretch: range, hindsight: Hindsight
) -> None:
    """Read a stretch of offsets in the way a worker does, without delivering. Errors: those of log and `is_repeat`."""
    revisions = await look_back(log, clock, topic, partition, stretch.start)
    async for record in _records(log, topic, partition, stretch):
        await _note(hindsight, revisions, is_repeat, record)


async def _note(hindsight: Hindsight, revisions: Revisions, is_repeat: IsRepeat, record: Record) -> None:
    try:
        header = read_header(record.value)
    except Unsealable:
        return
    if header.reappended and await is_repeat(record, header):
        return
    hindsight.note(record, header, overtaken=revisions.overtaken(header))


async def _records(log: Log, topic: str, partition: int, stretch: range) -> AsyncIterator[Record]:
    at = max(stretch.start, (await log.bounds(topic, partition)).start)
    while at < stretch.stop:
        batch = await log.read(topic, partition, at, _BATCH_RECORDS)
        if not batch:
            return
        for record in batch:
            if record.offset < stretch.stop:
                yield record
        at = batch[-1].offset + 1
