"""What a committed stretch of the log says of deliveries that lie nowhere: withdrawn, overtaken, ruled, begun."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field

from hub.delivery.decisions.clerk import Given
from hub.delivery.decisions.revisions import Revisions, look_back
from hub.delivery.tries.command import read_header
from hub.delivery.work import Work
from hub.errors import Unsealable
from hub.ports import Clock, DeliveryId, LaneKey, Log, Precedents, Record
from schemas.delivery import CommandHeader, MessageKind
from schemas.ruling import Verdict

_BATCH_RECORDS = 500

IsRepeat = Callable[[Record, CommandHeader], Awaitable[bool]]
"""Whether an earlier record carries the same message as one that was appended again."""


@dataclass(slots=True)
class Hindsight:
    """What a worker knew when it had read the stretch, as far as the log can tell.

    `owed` are the places (offset, index) of deliveries that may have begun, if it was their turn. `begun` holds the
    first of each lane: those behind it had not. `withdrawals` holds the last one of each dossier, with its message id:
    it stands for all before it. `overtaken` holds the offsets of what lies behind a newer revision of its dossier.
    `rulings` are those about the `messages` of what is owed; `keep` leaves those that were obeyed.
    """

    owed: Collection[tuple[int, int]]
    messages: Collection[str] = frozenset()
    begun: dict[LaneKey, tuple[int, int]] = field(default_factory=dict)
    withdrawals: dict[str, tuple[str, Record]] = field(default_factory=dict)
    overtaken: set[int] = field(default_factory=set)
    rulings: list[Given] = field(default_factory=list)

    def withdrawal(self, lane: LaneKey, offset: int) -> Work | None:
        """Return the withdrawal of what lies at an offset, as it goes into the lane; None when there is none."""
        message_id, record = self.withdrawals.get(lane.ordering_key, ("", None))
        return None if record is None or record.offset < offset else Work.of_withdrawal(message_id, record, lane)

    async def keep(self, precedents: Precedents) -> None:
        """Forget the rulings that were void. Errors: those of the store."""
        obeyed = await precedents.obeyed({given.header.message_id for given in self.rulings})
        self.rulings = [given for given in self.rulings if given.header.message_id in obeyed]

    def resent(self, delivery: DeliveryId) -> Given | None:
        """Return the last ruling that sent a delivery again."""
        found = (each for each in reversed(self.rulings) if each.ruling.verdict is Verdict.RESEND)
        return next((given for given in found if given.target == delivery), None)

    def corrected(self, delivery: DeliveryId, lane: LaneKey, after: int) -> Given | None:
        """Return the last ruling past an offset that corrected what is sent for a delivery."""
        found = (each for each in reversed(self.rulings) if each.ruling.corrected and each.offset > after)
        of_lane = (each for each in found if (each.target.message_id, each.lane) == (delivery.message_id, lane))
        return next((each for each in of_lane if each.ruling.verdict is not Verdict.RESEND), None)

    def note(self, record: Record, header: CommandHeader, *, overtaken: bool) -> None:
        """Take one record in. A withdrawal that was overtaken withdraws nothing."""
        for index, planned in enumerate(header.deliveries):
            if (place := (record.offset, index)) in self.owed:
                self.begun.setdefault(LaneKey(header.ordering_key, planned.platform), place)
        if header.ruling is not None:
            if header.ruling.message_id in self.messages:
                self.rulings.append(Given(record.partition, record.offset, record.value, header, header.ruling))
        elif header.kind != MessageKind.WITHDRAWAL:
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
    if (header.reappended or header.kind == MessageKind.RULING) and await is_repeat(record, header):
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
