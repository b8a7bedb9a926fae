"""Runs lanes: one delivery of a lane at a time, as many lanes of a platform as its share allows."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from hub.delivery.admission.share import Share
from hub.delivery.admission.shares import ShareLimits, Shares
from hub.delivery.courier import Courier
from hub.delivery.decisions.clerk import Clerk
from hub.delivery.decisions.recall import OVERTAKEN, is_recall, is_ruling
from hub.delivery.decisions.rulings import Rulings
from hub.delivery.decisions.withdrawals import Withdrawals
from hub.delivery.gauges import Gauges
from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.lane import Lane, Rest
from hub.delivery.lanes.parking import ParkingPlace
from hub.delivery.lanes.room import Room
from hub.delivery.lanes.sleepers import Sleepers
from hub.delivery.tries.certainty import Certainty
from hub.delivery.tries.tries import Tries
from hub.delivery.work import Work
from hub.errors import HubFault, StaleOwner
from hub.ports import Clock, Operation, ParkedRow, Parking
from hub.telemetry import Metrics, logger
from schemas.delivery import DeliveryState

_STEPS_IN_A_ROW = 16
_IDLE_S = 0.25
_FAULT_S = 1.0
_NO_PARTITION = -1
_NO_CALLS: Mapping[str, int] = MappingProxyType({})
_log = logger("delivery")


class Dispatch:
    """Gives lanes to runners, parks what must wait, wakes what is due.

    A delivery that works touches no store. One that fails moves its whole lane to the parking place, which frees the
    gate; so does one whose call lasts longer than `inflight_park_after_s`.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        courier: Courier,
        clerk: Clerk,
        parking: Parking,
        operations: Mapping[str, Operation],
        limits: Callable[[str], ShareLimits],
        metrics: Metrics,
        inflight_park_after_s: float = 1.0,
    ) -> None:
        self._clock = clock
        self._courier = courier
        self._holdings: dict[int, Holding] = {}
        self._paused = False
        self._certainty = Certainty()
        self._sleepers = Sleepers(clock)
        self._partitions = 0
        self._shares = Shares(clock, limits, self._runner, self._fraction)
        self._place = ParkingPlace(clock, parking, operations, self._shares)
        platforms = frozenset(operation.platform for operation in operations.values())
        self._room = Room(clock, self._shares, self._place, platforms, inflight_park_after_s)
        rulings = Rulings(clock, clerk, self._certainty, self._place)
        self._withdrawals = Withdrawals(courier, self._certainty, self._place, self._sleepers, rulings)
        self._tries = Tries(clock, courier, self._certainty, self._shares, self._place, self._sleepers, self._holdings)
        self._gauges = Gauges(clock, metrics)

    def spares(self, platform: str) -> bool:
        """Whether a platform may be called by somebody who stands behind all deliveries; the call counts then."""
        share = self._shares.of(platform)
        if share.receptive:
            share.admission.quota.charge(_NO_PARTITION, 1)
            return True
        return False

    # --- partitions --------------------------------------------------------------------------------------------------

    def trust(self, owns: Callable[[int], bool], partitions: int) -> None:
        """Set what is asked right before each call: whether the partition is certainly ours.

        Of all `partitions`, those that are held decide which part of a platform's quota may be used here.
        """
        self._certainty.trust(owns)
        self._partitions = partitions

    def _fraction(self) -> float:
        """Return the part of all partitions that is held, and so the part of each quota that is ours."""
        return len(self._holdings) / self._partitions if self._partitions else 1.0

    def adopt(self, holding: Holding, rows: tuple[ParkedRow, ...], calls: Mapping[str, int] = _NO_CALLS) -> None:
        """Take over a partition with what is parked in it; `calls` were made for it today, per platform."""
        self._holdings[holding.partition] = holding
        self._shares.learn(holding.partition, calls)
        for row in rows:
            lane = holding.lane(row.lane)
            if not lane.stored:
                lane.head_id = row.id.message_id
                self._lay_down(lane, row)
            lane.stored += 1
            if is_recall(row.id):
                lane.recall_below = row.offset
            if is_ruling(row.id):
                lane.rulings.append(row.id)
            lane.recalling = lane.recalling or bool(lane.rulings) or is_recall(row.id) or row.code == OVERTAKEN
        for lane in list(holding.lanes.values()):
            share = self._shares.of_lane(lane)
            if lane.recalling:
                share.offer_now(lane)

    def _lay_down(self, lane: Lane, head: ParkedRow) -> None:
        """Let a lane that is taken over wait: for a person, for a time, or for its turn among many."""
        share = self._shares.of_lane(lane)
        if self._place.held(head):
            lane.rest = Rest.HELD
        elif self._sleepers.must(head.due_at, self._courier.longest_wait_s(lane.key.platform)):
            self._sleepers.until(lane, head.due_at)
        else:
            share.admission.restart()
            share.waiting.add(lane)

    def abandon(self, holding: Holding) -> None:
        """Stop starting anything for a partition; calls under way may still end."""
        holding.lost = True
        if self._holdings.get(holding.partition) is holding:
            del self._holdings[holding.partition]
            self._shares.forget(holding.partition)
        for lane in holding.lanes.values():
            self._shares.of_lane(lane).forget(lane)

    def give_up(self, holding: Holding) -> None:
        """The partition is somebody else's from here on: what calls under way come to is no longer ours to say."""
        self.abandon(holding)
        holding.given_up = True

    def busy(self, partition: int) -> bool:
        """Whether a call for the partition is under way, or something is being withdrawn or ruled on."""
        return self._shares.calls_for(partition) or self._withdrawals.busy(partition)

    def quiet(self, holding: Holding) -> bool:
        """Whether nothing is under way for a partition, and outcomes and rows tell of all that ever was.

        Of one that is abandoned this stays true.
        """
        return not self.busy(holding.partition) and holding.told

    # --- arrivals ----------------------------------------------------------------------------------------------------

    def add(self, holding: Holding, work: Work) -> None:
        """Put a delivery, a withdrawal of what is before it, or a ruling at the end of its lane."""
        lane = holding.lane(work.lane)
        share = self._shares.of(work.lane.platform)
        self._append(holding, lane, share, work)
        if work.recall:
            lane.recall_below = work.offset
            if lane.current is not None:
                lane.current.recalled = True
        if work.ruling:
            lane.rulings.append(work.id)
        if work.recall or work.ruling or work.overtaken:
            lane.recalling = True
            share.offer_now(lane)

    def _append(self, holding: Holding, lane: Lane, share: Share, work: Work) -> None:
        if work.dead:
            self._hold(holding, lane, share, work)
            return
        if not lane.stored and (work.ruling or share.full or not share.receptive):
            self._place.store(holding, lane)
            if not lane.stored:
                self._begin_stored(holding, lane, work, share)
                return
        if lane.stored:
            self._place.put_waiting(holding, lane, work)
            return
        if lane.empty:
            lane.head_id = work.id.message_id
        lane.hot.append(work)
        share.hot += 1
        share.offer(lane)

    def _hold(self, holding: Holding, lane: Lane, share: Share, work: Work) -> None:
        """Write down what a crash has kept from being written down as dead: it holds its lane, and is not tried."""
        self._place.store(holding, lane)
        self._place.put(holding, lane, work, DeliveryState.DEAD, None)
        if lane.rest is Rest.IDLE:
            share.offer(lane)

    def _begin_stored(self, holding: Holding, lane: Lane, work: Work, share: Share) -> None:
        """Open a lane in the parking place: the platform takes nothing right now, or its part of memory is full."""
        lane.head_id = work.id.message_id
        self._place.put_waiting(holding, lane, work)
        if lane.rest is Rest.IDLE:
            share.waiting.add(lane)

    # --- loops -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Wake what is due and write down what takes long, until cancelled."""
        try:
            while True:
                self._shares.queue(self._sleepers.due())
                self._go_on(self._certainty.regained(self._holdings.values()))
                if not self._paused:
                    self._shares.tick()
                self._room.make(self._holdings)
                self._gauges.set(self._holdings.values(), self._shares.opened.values())
                await self._clock.sleep(min(self._sleepers.next_wake_s(_IDLE_S), self._shares.next_wake_s(_IDLE_S)))
        finally:
            await self.close()

    def _go_on(self, lanes: Iterable[Lane]) -> None:
        """Let lanes go on whose partition is certainly ours again: in their turn, unless no platform is needed."""
        for lane in lanes:
            share = self._shares.of_lane(lane)
            if lane.recalling:
                share.offer(lane)
            else:
                share.waiting.add(lane)

    async def close(self) -> None:
        """End every runner, and start none any more."""
        await self._shares.close()

    async def quiesce(self, within_s: float) -> None:
        """Start nothing more, and give the calls under way some time to end."""
        self._paused = True
        deadline_s = self._clock.monotonic() + within_s
        while self._clock.monotonic() < deadline_s and self._shares.calling:
            await self._clock.sleep(0.02)

    async def _runner(self, share: Share) -> None:
        while True:
            lane = await share.take()
            holding = self._holdings.get(lane.partition)
            if holding is not None and holding.lanes.get(lane.key) is lane:
                await self._turn(holding, lane, share)
            share.put_back(lane)
            if not self._paused:
                share.let_in()

    async def _turn(self, holding: Holding, lane: Lane, share: Share) -> None:
        try:
            await self._tend(holding, lane, share)
        except StaleOwner:
            self.abandon(holding)
        except HubFault as fault:
            _log.warning("lane_postponed", platform=share.platform, code=fault.problem_code)
            self._sleepers.rest(lane, _FAULT_S)
        except Exception as fault:  # noqa: BLE001 - the loop's boundary: one lane must not stop the others
            _log.error("lane_postponed", platform=share.platform, exc_info=fault)
            self._sleepers.rest(lane, _FAULT_S)
        else:
            if lane.recalling and not self._paused and not holding.lost:
                self._go_on_recalling(holding, lane, share)
            return
        share.circuit.abandoned()

    def _queue(self, holding: Holding, lane: Lane, share: Share) -> None:
        """Let a lane wait for its turn, in the parking place: it holds neither a runner nor the gate."""
        self._place.store(holding, lane)
        lane.loaded.clear()
        share.waiting.add(lane)

    async def _admitted(self, holding: Holding, lane: Lane, share: Share) -> Work | None:
        """Return the head of a lane that may call; without one, no call is made."""
        work = None
        try:
            work = await self._next(holding, lane, share)
        finally:
            if work is None or self._paused:
                share.admission.not_made(lane.partition)
        return work

    def _go_on_recalling(self, holding: Holding, lane: Lane, share: Share) -> None:
        """A withdrawal came during the turn. Offered while nobody may act on it, the lane would go round for ever."""
        if self._certainty.ours(holding):
            share.offer_now(lane)
        else:
            self._certainty.wait(holding, lane)

    async def _tend(self, holding: Holding, lane: Lane, share: Share) -> None:
        """Work on a lane until it is empty, must wait, or has had its turn."""
        for step in range(_STEPS_IN_A_ROW):
            if self._paused or holding.lost or lane.empty:
                break
            if not self._certainty.ours(holding):
                self._certainty.wait(holding, lane)
                return
            if lane.recalling:
                if not await self._withdrawals.recall(holding, lane, share):
                    return
                continue
            if (step and _gives_way(lane, share)) or not share.admits(lane):
                self._queue(holding, lane, share)
                return
            work = await self._admitted(holding, lane, share)
            if work is None or self._paused:
                break
            if not await self._tries.make(holding, lane, share, work):
                return
        self._end_turn(holding, lane, share)

    def _end_turn(self, holding: Holding, lane: Lane, share: Share) -> None:
        if lane.rest is Rest.RUNNING:
            lane.rest = Rest.IDLE
            if not lane.empty and not self._paused:
                share.offer(lane)
        holding.drop_if_empty(lane)

    async def _next(self, holding: Holding, lane: Lane, share: Share) -> Work | None:
        """Return the head of a lane; None when there is none, or when a dead one holds it."""
        if lane.hot:
            share.hot -= 1
            return lane.hot.popleft()
        if not lane.loaded:
            await self._place.load(holding, lane)
        return lane.loaded.popleft() if lane.loaded else None


def _gives_way(lane: Lane, share: Share) -> bool:
    """Whether somebody waits who was accepted before what comes next in a lane, as far as that is known."""
    following = lane.hot or lane.loaded
    if following:
        lane.head_id = following[0].id.message_id
    return bool(following) and share.waiting.older_than(lane.head_id)
