"""Withdrawals at work: they take out of a lane what has not begun."""

from hub.delivery.admission.share import Share
from hub.delivery.courier import Courier
from hub.delivery.decisions.rulings import Rulings
from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.lane import Lane, Rest
from hub.delivery.lanes.parking import ParkingPlace
from hub.delivery.lanes.sleepers import Sleepers
from hub.delivery.tries.certainty import Certainty
from hub.delivery.tries.outcomes import MAY_TELL
from hub.delivery.work import Work
from hub.ports import ParkedRow


class Withdrawals:
    """Ends deliveries that must not begin (any more), each with an outcome; no platform is asked."""

    def __init__(
        self,
        courier: Courier,
        certainty: Certainty,
        place: ParkingPlace,
        sleepers: Sleepers,
        rulings: Rulings,
    ) -> None:
        self._courier = courier
        self._certainty = certainty
        self._place = place
        self._sleepers = sleepers
        self._rulings = rulings
        self._under_way: set[Lane] = set()

    def busy(self, partition: int) -> bool:
        """Whether something is being said of a lane of the partition."""
        return any(lane.partition == partition for lane in self._under_way)

    async def recall(self, holding: Holding, lane: Lane, share: Share) -> bool:
        """Obey rulings, and withdraw what has not begun. Return whether the lane may go on with what is left.

        What may have acted stays for its doubt rule; the withdrawal stays behind it and goes when that is settled.
        """
        lane.recalling = False
        lane.loaded.clear()
        self._under_way.add(lane)
        told = MAY_TELL.set(lambda: self._certainty.may_tell(holding))
        try:
            await self._rulings.obey(holding, lane)
            if lane.stored:
                return await self._recall_stored(holding, lane, share)
            await self._recall_hot(holding, lane, share)
        except BaseException:
            lane.recalling = True
            raise
        finally:
            MAY_TELL.reset(told)
            self._under_way.discard(lane)
        return True

    async def _recall_hot(self, holding: Holding, lane: Lane, share: Share) -> None:
        for work in list(lane.hot):
            await self._withdraw(holding, lane, share, work)
        while lane.hot and lane.hot[0].recall:
            self._take_out(holding, lane, share, lane.hot[0])
        # It may have been moved to the parking place meanwhile.
        lane.recalling = lane.recalling or bool(lane.stored)

    async def _recall_stored(self, holding: Holding, lane: Lane, share: Share) -> bool:
        while rows := await self._place.rows(holding, lane):
            left: list[Work] = []
            for work in map(self._place.work_of, rows):
                done = work.recall and (not left or work.offset < lane.recall_below)
                if done:
                    self._take_out(holding, lane, share, work)
                elif not await self._withdraw(holding, lane, share, work):
                    left.append(work)
            if len(left) == len(rows):
                return self._may_go_on(lane, rows[0])
        return True

    async def _withdraw(self, holding: Holding, lane: Lane, share: Share, work: Work) -> bool:
        """Withdraw a delivery if that is due. Return whether it was."""
        if work.doubtful or not lane.recalls(work):
            return False
        self._certainty.require(holding)
        await self._courier.withdraw(work)
        self._certainty.require(holding)
        self._take_out(holding, lane, share, work)
        return True

    def _take_out(self, holding: Holding, lane: Lane, share: Share, work: Work) -> None:
        if work.stored:
            self._place.settle(holding, lane, work)
        else:
            lane.hot.remove(work)
            share.hot -= 1
        holding.release(work)

    def _may_go_on(self, lane: Lane, head: ParkedRow) -> bool:
        if self._place.held(head):
            lane.rest = Rest.HELD
        elif self._sleepers.must(head.due_at, self._courier.longest_wait_s(lane.key.platform)):
            self._sleepers.until(lane, head.due_at)
        else:
            return True
        return False
