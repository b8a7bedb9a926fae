"""Rulings at work: what an operator has decided is brought into the lane of its delivery.

A ruling lies in the lane as a row, so it is found again after a crash, and nothing of the lane is tried before it is
obeyed. What it leads to is durable in the log before a row changes; the rows that change and the ruling's own tombstone
are written in that order. So whoever meets a ruling again that was obeyed finds that its delivery does not wait any
more, or does over what a crash has cut off; and a delivery that died again after it stays dead.
"""

from collections.abc import Sequence

from hub.delivery.decisions.clerk import Clerk, Given
from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.lane import Lane
from hub.delivery.lanes.parking import ParkingPlace
from hub.delivery.tries.certainty import Certainty
from hub.delivery.tries.command import read_header
from hub.delivery.work import Work
from hub.pipeline.rulings import Sequel, resent, sequel, starts_in_doubt
from hub.ports import Clock, DeliveryId, ParkedRow
from schemas.delivery import DeliveryState
from schemas.ruling import Verdict


class Rulings:
    """Obeys the rulings of a lane in their order, while nothing of it is being tried."""

    def __init__(self, clock: Clock, clerk: Clerk, certainty: Certainty, place: ParkingPlace) -> None:
        self._clock = clock
        self._clerk = clerk
        self._certainty = certainty
        self._place = place

    async def obey(self, holding: Holding, lane: Lane) -> None:
        """Obey what lies in the lane. Errors: HubFault, and what was not obeyed is left for the next time."""
        while lane.rulings:
            for row in await self._place.find(holding, [lane.rulings[0]]):
                await self._obey(holding, lane, row)
            lane.rulings.popleft()

    async def _obey(self, holding: Holding, lane: Lane, mark: ParkedRow) -> None:
        given = Given.read(mark.partition, mark.offset, mark.envelope)
        if given is not None:
            resends = given.ruling.verdict is Verdict.RESEND
            obeyed = await (self._resend if resends else self._decide)(holding, lane, given)
            if not obeyed:
                await self._clerk.say_void(given)
            self._certainty.require(holding)
        self._place.settle(holding, lane, self._place.work_of(mark))

    async def _decide(self, holding: Holding, lane: Lane, given: Given) -> bool:
        """Obey a ruling about what waits for a person. Return whether there was anything to do."""
        rows = await self._place.find(holding, [given.target])
        follows = sequel(given.ruling.verdict, rows[0].state if rows and self._place.held(rows[0]) else None)
        if follows is None:
            return False
        works = await self._works(holding, given, rows[0], follows)
        if not works:
            return False
        await self._say(holding, given, works[0], follows)
        if follows.goes_on:
            self._put(holding, lane, works, follows)
        else:
            self._place.settle(holding, lane, works[0])
        return True

    async def _works(self, holding: Holding, given: Given, head: ParkedRow, follows: Sequel) -> Sequence[Work]:
        """Return the delivery, and what is corrected with it; nothing when the correction cannot be read."""
        if not (follows.goes_on and given.ruling.corrected):
            return [self._place.work_of(head)]
        submission = await self._clerk.submission(given)
        if submission is None:
            return []
        works = []
        for row in (head, *await self._place.find(holding, _later(head))):
            work = self._place.work_of(row)
            value = await self._clerk.corrected(row, submission)
            if value is None:
                return []
            work.envelope = value
            works.append(work)
        return works

    def _put(self, holding: Holding, lane: Lane, works: Sequence[Work], follows: Sequel) -> None:
        first, *others = works
        first.doubtful, first.code = False, ""
        lane.blame.clear()
        self._place.put(holding, lane, first, follows.state, self._clock.now())
        for work in others:
            self._place.put_waiting(holding, lane, work)

    async def _resend(self, holding: Holding, lane: Lane, given: Given) -> bool:
        """Bring a delivery that counts as delivered into its lane again. Return whether there was anything to do."""
        if await self._place.find(holding, [given.target]):
            return False
        submission = await self._clerk.submission(given)
        row = None if submission is None else await self._clerk.resent(given, submission)
        if submission is None or row is None:
            return False
        work = self._place.work_of(row)
        work.stored = False
        follows = resent(newer=await self._clerk.newer(given, submission))
        await self._say(holding, given, work, follows)
        if follows.goes_on:
            in_doubt = starts_in_doubt(work.operation.on_doubt)
            state = DeliveryState.IN_DOUBT if in_doubt else DeliveryState.WAITING
            self._place.put(holding, lane, work, state, self._clock.now())
        return True

    async def _say(self, holding: Holding, given: Given, work: Work, follows: Sequel) -> None:
        self._certainty.require(holding)
        await self._clerk.say(given, work, follows)
        self._certainty.require(holding)


def _later(row: ParkedRow) -> list[DeliveryId]:
    """Return the deliveries of the same message in the same lane that come after the one of a row."""
    planned = read_header(row.envelope).deliveries[row.index + 1 :]
    return [
        DeliveryId(row.id.message_id, each.operation, each.part)
        for each in planned
        if each.platform == row.lane.platform
    ]
