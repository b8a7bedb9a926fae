"""Tries: one call for one delivery, and what follows from it for its lane."""

from collections.abc import Mapping

from hub.delivery.admission.share import Share
from hub.delivery.admission.shares import Shares
from hub.delivery.courier import Courier
from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.lane import Lane, Rest
from hub.delivery.lanes.parking import ParkingPlace
from hub.delivery.lanes.sleepers import Sleepers
from hub.delivery.tries.certainty import Certainty
from hub.delivery.tries.contact import Contact
from hub.delivery.tries.outcomes import MAY_TELL
from hub.delivery.work import Work
from hub.pipeline.decide import Decision
from hub.ports import LEAVE, Clock
from schemas.delivery import DeliveryState

_ENDED = frozenset({DeliveryState.DELIVERED, DeliveryState.WITHDRAWN, DeliveryState.EXPIRED})


class Tries:
    """Makes tries. `holdings` are the partitions held at any moment: a platform that is back wakes lanes of each."""

    def __init__(
        self,
        clock: Clock,
        courier: Courier,
        certainty: Certainty,
        shares: Shares,
        place: ParkingPlace,
        sleepers: Sleepers,
        holdings: Mapping[int, Holding],
    ) -> None:
        self._clock = clock
        self._courier = courier
        self._certainty = certainty
        self._shares = shares
        self._place = place
        self._sleepers = sleepers
        self._holdings = holdings

    async def make(self, holding: Holding, lane: Lane, share: Share, work: Work) -> bool:
        """Try one delivery. Return whether the lane may go on."""
        lane.current = work
        work.recalled = lane.recalls(work)
        work.calls = 0
        began_s = share.calls[lane] = self._clock.monotonic()
        try:
            self._certainty.require(holding)
            if work.stored:
                await self._place.mark_in_flight(holding, work)
                self._certainty.require(holding)
            decision, contact = await self._carried(holding, lane, share, work)
            holding.untold.discard(work.id)
        except BaseException:
            if not holding.lost:
                self._give_back(lane, share, work)
            raise
        finally:
            share.calls.pop(lane, None)
            lane.current = None
            share.admission.quota.charge(lane.partition, work.calls - 1)
        if self._shares.judge(share, lane, work, contact, began_s):
            self._shares.wake(share, self._sleepers.towards(share.platform))
        waits_for_platform = contact is not None and not share.circuit.closed
        return self._conclude(holding, lane, share, work, decision, waits_for_platform=waits_for_platform)

    async def _carried(self, holding: Holding, lane: Lane, share: Share, work: Work) -> tuple[Decision, Contact | None]:
        """Let the courier try, with the question of ownership to be asked again when bytes are about to go out.

        Where outcomes are about to be written it is asked as well, of a partition that is being let go, too.
        """
        holding.untold.add(work.id)
        leave = LEAVE.set(lambda: self._certainty.require(holding))
        told = MAY_TELL.set(lambda: self._certainty.may_tell(holding))
        try:
            return await self._courier.carry(work, lambda: share.counted(lane, work, self._clock.monotonic()))
        except BaseException:
            if not work.doubtful:
                holding.untold.discard(work.id)
            raise
        finally:
            LEAVE.reset(leave)
            MAY_TELL.reset(told)

    def _give_back(self, lane: Lane, share: Share, work: Work) -> None:
        """A try that came to no end leaves its delivery at the head of the lane."""
        if work.stored:
            lane.loaded.clear()
        else:
            lane.hot.appendleft(work)
            share.hot += 1

    def _conclude(
        self, holding: Holding, lane: Lane, share: Share, work: Work, decision: Decision, *, waits_for_platform: bool
    ) -> bool:
        # What is withdrawn and has not arrived goes now; and so does a withdrawal that has nothing before it any more.
        lane.recalling = lane.recalling or work.recalled
        if decision.state in _ENDED:
            if work.stored:
                self._place.settle(holding, lane, work)
            holding.release(work)
            return True
        lane.loaded.clear()
        self._place.put(holding, lane, work, decision.state, decision.next_try_at)
        self._place.store(holding, lane)
        if decision.next_try_at is None:
            lane.rest = Rest.HELD
            lane.blame.clear()
        elif waits_for_platform:
            share.waiting.add(lane)
        else:
            self._sleepers.until(lane, decision.next_try_at)
        return False
