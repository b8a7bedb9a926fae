"""Runs lanes: one delivery of a lane at a time, as many lanes of a platform as its share allows."""

import asyncio
import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.delivery.circuit import Circuit, CircuitState
from hub.delivery.command import read_header
from hub.delivery.courier import Contact, Courier
from hub.delivery.holding import Holding, operation_of
from hub.delivery.lane import Lane, Rest
from hub.delivery.recall import OVERTAKEN, Recall, is_recall
from hub.delivery.share import Share
from hub.delivery.work import Work
from hub.errors import HubFault, NotOurs, StaleOwner
from hub.pipeline.decide import Decision
from hub.ports import LEAVE, Clock, Operation, ParkedRow, Parking
from hub.telemetry import Metrics, logger
from schemas.delivery import DeliveryState, OutcomeClass

_ROWS_AHEAD = 16
_STEPS_IN_A_ROW = 16
_IDLE_S = 0.25
_FAULT_S = 1.0
_MEASURE_EVERY_S = 1.0
_log = logger("delivery")

_FAR = timedelta(days=36500)
_ENDED = frozenset({DeliveryState.DELIVERED, DeliveryState.WITHDRAWN, DeliveryState.EXPIRED})
_REACHED = frozenset({OutcomeClass.DELIVERED, OutcomeClass.ALREADY_THERE, OutcomeClass.REFUSED_MESSAGE})


@dataclass(frozen=True, slots=True)
class ShareLimits:
    """What a platform may use: tries at the same time, deliveries in memory."""

    concurrency_max: int = 32
    hot_max: int = 5000
    circuit_open_s: float = 1.0
    circuit_open_max_s: float = 30.0


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
        parking: Parking,
        operations: Mapping[str, Operation],
        limits: Callable[[str], ShareLimits],
        metrics: Metrics,
        inflight_park_after_s: float = 1.0,
    ) -> None:
        self._clock = clock
        self._courier = courier
        self._parking = parking
        self._operations = operations
        self._limits = limits
        self._metrics = metrics
        self._park_after_s = inflight_park_after_s
        self._shares: dict[str, Share] = {}
        self._holdings: dict[int, Holding] = {}
        self._owns: Callable[[int], bool] = lambda _partition: False
        self._sleepers: list[tuple[float, int, int, Lane]] = []
        self._order = itertools.count()
        self._runners: list[asyncio.Task[None]] = []
        self._paused = False
        self._closed = False
        self._measure_at_s = 0.0

    # --- partitions --------------------------------------------------------------------------------------------------

    def trust(self, owns: Callable[[int], bool]) -> None:
        """Set what is asked right before each call: whether the partition is certainly ours."""
        self._owns = owns

    def adopt(self, holding: Holding, rows: tuple[ParkedRow, ...]) -> None:
        """Take over a partition with what is parked in it."""
        self._holdings[holding.partition] = holding
        for row in rows:
            lane = holding.lane(row.lane)
            if not lane.stored:
                lane.head_offset = row.offset
                if self._held(row):
                    lane.rest = Rest.HELD
                else:
                    self._sleep_until(lane, row.due_at)
            lane.stored += 1
            if is_recall(row.id):
                lane.recall_below = row.offset
            lane.recalling = lane.recalling or is_recall(row.id) or row.code == OVERTAKEN
        for lane in list(holding.lanes.values()):
            share = self._share(lane.key.platform)
            if lane.recalling:
                share.offer_now(lane)

    def abandon(self, holding: Holding) -> None:
        """Stop starting anything for a partition; calls under way may still end."""
        holding.lost = True
        if self._holdings.get(holding.partition) is holding:
            del self._holdings[holding.partition]
        for lane in holding.lanes.values():
            self._share(lane.key.platform).forget(lane)

    def give_up(self, holding: Holding) -> None:
        """The partition is somebody else's from here on: what calls under way come to is no longer ours to say."""
        self.abandon(holding)
        for lane in holding.lanes.values():
            if lane.current is not None:
                lane.current.given_up = True

    def busy(self, partition: int) -> bool:
        """Whether a call for the partition is under way."""
        return any(lane.partition == partition for share in self._shares.values() for lane in share.calls)

    # --- arrivals ----------------------------------------------------------------------------------------------------

    def add(self, holding: Holding, work: Work) -> None:
        """Put a delivery, or a withdrawal of what is before it, at the end of its lane."""
        lane = holding.lane(work.lane)
        share = self._share(work.lane.platform)
        self._append(holding, lane, share, work)
        if work.recall:
            lane.recall_below = work.offset
            if lane.current is not None:
                lane.current.recalled = True
        if work.recall or work.overtaken:
            lane.recalling = True
            share.offer_now(lane)

    def _append(self, holding: Holding, lane: Lane, share: Share, work: Work) -> None:
        if not lane.stored and (share.full or share.circuit.state is not CircuitState.CLOSED):
            self._store(holding, lane)
            if not lane.stored:
                self._begin_stored(holding, lane, work, share)
                return
        if lane.stored:
            self._put(holding, lane, work, _waiting(work), self._clock.now())
            return
        if lane.empty:
            lane.head_offset = work.offset
        lane.hot.append(work)
        share.hot += 1
        share.offer(lane)

    def _begin_stored(self, holding: Holding, lane: Lane, work: Work, share: Share) -> None:
        """Open a lane in the parking place: the platform is down, or its part of memory is full."""
        lane.head_offset = work.offset
        self._put(holding, lane, work, _waiting(work), self._clock.now())
        if lane.rest is Rest.IDLE:
            share.offer(lane)

    # --- loops -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Wake what is due and write down what takes long, until cancelled."""
        try:
            while True:
                self._wake_due()
                self._watch_ownership()
                self._probe_due()
                self._write_down_overdue()
                self._make_way()
                self._measure()
                await self._clock.sleep(_IDLE_S if not self._sleepers else min(_IDLE_S, self._next_wake_s()))
        finally:
            await self.close()

    async def close(self) -> None:
        """End every runner, and start none any more."""
        self._closed = True
        for runner in self._runners:
            runner.cancel()
        await asyncio.gather(*self._runners, return_exceptions=True)

    async def quiesce(self, within_s: float) -> None:
        """Start nothing more, and give the calls under way some time to end."""
        self._paused = True
        deadline_s = self._clock.monotonic() + within_s
        while self._clock.monotonic() < deadline_s and any(share.calls for share in self._shares.values()):
            await self._clock.sleep(0.02)

    async def _runner(self, share: Share) -> None:
        while True:
            lane = await share.take()
            holding = self._holdings.get(lane.partition)
            if holding is not None and holding.lanes.get(lane.key) is lane:
                await self._turn(holding, lane, share)
            if share.circuit.state is CircuitState.CLOSED:
                share.offer_queued()

    async def _turn(self, holding: Holding, lane: Lane, share: Share) -> None:
        try:
            await self._tend(holding, lane, share)
        except StaleOwner:
            self.abandon(holding)
        except HubFault as fault:
            _log.warning("lane_postponed", platform=share.platform, code=fault.problem_code)
            self._sleep_s(lane, _FAULT_S)
        except Exception as fault:  # noqa: BLE001 - the loop's boundary: one lane must not stop the others
            _log.error("lane_postponed", platform=share.platform, exc_info=fault)
            self._sleep_s(lane, _FAULT_S)
        else:
            if lane.recalling and not holding.lost:
                share.offer_now(lane)
            return
        share.circuit.abandoned()

    async def _tend(self, holding: Holding, lane: Lane, share: Share) -> None:
        """Work on a lane until it is empty, must wait, or has had its turn."""
        for _ in range(_STEPS_IN_A_ROW):
            if self._paused or holding.lost or lane.empty:
                break
            if not self._owns(holding.partition):
                self._wait_for_certainty(holding, lane)
                return
            if lane.recalling:
                if not await self._recall(holding, lane, share):
                    return
                continue
            if not share.circuit.admits(self._clock.monotonic(), fresh=lane.fresh):
                self._store(holding, lane)
                share.queue(lane)
                return
            work = await self._next(holding, lane, share)
            if work is None or self._paused:
                share.circuit.abandoned()
                break
            if not await self._step(holding, lane, share, work):
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
            await self._load(holding, lane)
        return lane.loaded.popleft() if lane.loaded else None

    async def _load(self, holding: Holding, lane: Lane) -> None:
        for row in await self._rows(holding, lane):
            if self._held(row):
                if not lane.loaded:
                    lane.rest = Rest.HELD
                return
            work = self._work_of(row)
            if work.recall or (lane.recalls(work) and not work.doubtful):
                lane.recalling = True
                return
            lane.loaded.append(work)

    async def _rows(self, holding: Holding, lane: Lane) -> Sequence[ParkedRow]:
        """Return the first rows of a lane, as they are in the parking place."""
        counted = lane.stored
        await holding.shelf.flushed()
        rows = await self._parking.fetch(lane.partition, lane.key, _ROWS_AHEAD)
        if not rows:
            lane.stored -= counted
        return rows

    def _work_of(self, row: ParkedRow) -> Work:
        if is_recall(row.id):
            return Work.of_row(row, Recall.of_lane(row.lane.platform), 1)
        planned = read_header(row.envelope).deliveries[row.index]
        return Work.of_row(row, operation_of(planned, self._operations), planned.of)

    def _held(self, row: ParkedRow) -> bool:
        """Whether only a person can let the lane of a row go on."""
        return row.state is DeliveryState.DEAD or row.due_at > self._clock.now() + _FAR / 2

    async def _step(self, holding: Holding, lane: Lane, share: Share, work: Work) -> bool:
        """Try one delivery. Return whether the lane may go on."""
        lane.current = work
        work.recalled = lane.recalls(work)
        share.calls[lane] = self._clock.monotonic()
        try:
            self._require_ours(holding)
            if work.stored:
                await self._mark_in_flight(holding, work)
                self._require_ours(holding)
            decision, contact = await self._carried(holding, work)
        except BaseException:
            if not holding.lost:
                self._give_back(lane, share, work)
            raise
        finally:
            share.calls.pop(lane, None)
            lane.current = None
        self._judge_platform(share, lane, contact)
        waits_for_platform = contact is not None and share.circuit.state is not CircuitState.CLOSED
        return self._conclude(holding, lane, share, work, decision, waits_for_platform=waits_for_platform)

    async def _carried(self, holding: Holding, work: Work) -> tuple[Decision, Contact]:
        """Let the courier try, with the question of ownership to be asked again when bytes are about to go out."""
        asked = LEAVE.set(lambda: self._require_ours(holding))
        try:
            return await self._courier.carry(work)
        finally:
            LEAVE.reset(asked)

    def _require_ours(self, holding: Holding) -> None:
        """Asked right before each call: NotOurs when another process may be calling by now."""
        if holding.lost or not self._owns(holding.partition):
            raise NotOurs(f"partition {holding.partition} is not certainly ours")

    def _wait_for_certainty(self, holding: Holding, lane: Lane) -> None:
        lane.rest = Rest.SLEEPING
        lane.wake += 1
        holding.unsure[lane] = None

    def _watch_ownership(self) -> None:
        """Let lanes go on that waited until it was certain again whose partition it is."""
        for holding in self._holdings.values():
            certain = self._owns(holding.partition)
            if certain is not holding.certain:
                holding.certain = certain
                _log.warning("ownership_certain" if certain else "ownership_uncertain", partition=holding.partition)
            if certain and holding.unsure:
                waiting, holding.unsure = holding.unsure, {}
                for lane in waiting:
                    if lane.rest is Rest.SLEEPING:
                        self._share(lane.key.platform).offer(lane)

    def _give_back(self, lane: Lane, share: Share, work: Work) -> None:
        """A try that came to no end leaves its delivery at the head of the lane."""
        if work.stored:
            lane.loaded.clear()
        else:
            lane.hot.appendleft(work)
            share.hot += 1

    # --- after a try -------------------------------------------------------------------------------------------------

    def _conclude(
        self, holding: Holding, lane: Lane, share: Share, work: Work, decision: Decision, *, waits_for_platform: bool
    ) -> bool:
        # What is withdrawn and has not arrived goes now; and so does a withdrawal that has nothing before it any more.
        lane.recalling = lane.recalling or work.recalled
        if decision.state in _ENDED:
            if work.stored:
                holding.shelf.settle(work.id)
                lane.stored -= 1
            holding.release(work)
            return True
        lane.loaded.clear()
        self._put(holding, lane, work, decision.state, decision.next_try_at or self._clock.now() + _FAR)
        self._store(holding, lane)
        if decision.next_try_at is None:
            lane.rest = Rest.HELD
        elif waits_for_platform:
            share.queue(lane)
        else:
            self._sleep_until(lane, decision.next_try_at)
        return False

    def _judge_platform(self, share: Share, lane: Lane, contact: Contact) -> None:
        if contact is None:
            share.circuit.abandoned()
            return
        fresh, lane.fresh = lane.fresh, contact in _REACHED
        if lane.fresh:
            if share.circuit.succeeded():
                _log.info("circuit_closed", platform=share.platform)
                self._wake_platform(share)
            return
        refused_us = contact is OutcomeClass.REFUSED_US
        if share.circuit.failed(self._clock.monotonic(), fresh=fresh, refused_us=refused_us):
            _log.warning("circuit_opened", platform=share.platform, outcome_class=contact)

    # --- withdrawals -------------------------------------------------------------------------------------------------

    async def _recall(self, holding: Holding, lane: Lane, share: Share) -> bool:
        """Withdraw what has not begun. Return whether the lane may go on with what is left.

        What may have acted stays for its doubt rule; the withdrawal stays behind it and goes when that is settled.
        """
        lane.recalling = False
        lane.loaded.clear()
        try:
            if lane.stored:
                return await self._recall_stored(holding, lane, share)
            await self._recall_hot(holding, lane, share)
        except BaseException:
            lane.recalling = True
            raise
        return True

    async def _recall_hot(self, holding: Holding, lane: Lane, share: Share) -> None:
        for work in list(lane.hot):
            await self._withdraw(holding, lane, share, work)
        while lane.hot and lane.hot[0].recall:
            self._take_out(holding, lane, share, lane.hot[0])
        # It may have been moved to the parking place meanwhile.
        lane.recalling = lane.recalling or bool(lane.stored)

    async def _recall_stored(self, holding: Holding, lane: Lane, share: Share) -> bool:
        while rows := await self._rows(holding, lane):
            left: list[Work] = []
            for work in map(self._work_of, rows):
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
        self._require_ours(holding)
        await self._courier.withdraw(work)
        self._require_ours(holding)
        self._take_out(holding, lane, share, work)
        return True

    def _take_out(self, holding: Holding, lane: Lane, share: Share, work: Work) -> None:
        if work.stored:
            holding.shelf.settle(work.id)
            lane.stored -= 1
        else:
            lane.hot.remove(work)
            share.hot -= 1
        holding.release(work)

    def _may_go_on(self, lane: Lane, head: ParkedRow) -> bool:
        if self._held(head):
            lane.rest = Rest.HELD
        elif head.due_at > self._clock.now():
            self._sleep_until(lane, head.due_at)
        else:
            return True
        return False

    # --- the parking place -------------------------------------------------------------------------------------------

    def _store(self, holding: Holding, lane: Lane) -> None:
        """Move a lane to the parking place, what is being tried included: no row may lie there without its elders."""
        share = self._share(lane.key.platform)
        if lane.current is not None and not lane.current.stored:
            self._put(holding, lane, lane.current, DeliveryState.IN_FLIGHT, self._clock.now())
        while lane.hot:
            work = lane.hot.popleft()
            share.hot -= 1
            self._put(holding, lane, work, _waiting(work), self._clock.now())

    def _put(self, holding: Holding, lane: Lane, work: Work, state: DeliveryState, due_at: datetime) -> None:
        if not work.stored:
            work.stored = True
            lane.stored += 1
        holding.shelf.put(work.row(state, due_at), holding.releaser(work))

    async def _mark_in_flight(self, holding: Holding, work: Work) -> None:
        """Before a parked delivery is tried, its row says so: after a crash it starts in doubt."""
        holding.shelf.put(work.row(DeliveryState.IN_FLIGHT, self._clock.now()))
        await holding.shelf.flushed()

    def _write_down_overdue(self) -> None:
        now_s = self._clock.monotonic()
        for share in self._shares.values():
            for lane in share.overdue(now_s, self._park_after_s):
                holding = self._holdings.get(lane.partition)
                if holding is not None:
                    self._store(holding, lane)

    def _make_way(self) -> None:
        """What waits for a runner leaves the gate when calls are slow, or when it keeps work from other platforms."""
        now_s = self._clock.monotonic()
        for share in self._shares.values():
            if not share.busy:
                continue
            slow = share.slow(now_s, self._park_after_s)
            for holding in self._holdings.values():
                if slow or (holding.crowded and self._others_idle(share)):
                    self._store_waiting(holding, share)

    def _others_idle(self, share: Share) -> bool:
        """Whether another platform could do more than it has to."""
        others = {operation.platform for operation in self._operations.values()} - {share.platform}
        return any(name not in self._shares or self._shares[name].idle for name in others)

    def _store_waiting(self, holding: Holding, share: Share) -> None:
        for lane in holding.lanes.values():
            if lane.key.platform == share.platform and lane.hot:
                self._store(holding, lane)

    # --- time --------------------------------------------------------------------------------------------------------

    def _sleep_until(self, lane: Lane, due_at: datetime) -> None:
        self._sleep_s(lane, max(0.0, (due_at - self._clock.now()).total_seconds()))

    def _sleep_s(self, lane: Lane, delay_s: float) -> None:
        lane.rest = Rest.SLEEPING
        lane.wake += 1
        heapq.heappush(self._sleepers, (self._clock.monotonic() + delay_s, next(self._order), lane.wake, lane))

    def _next_wake_s(self) -> float:
        return max(0.001, self._sleepers[0][0] - self._clock.monotonic())

    def _wake_due(self) -> None:
        now_s = self._clock.monotonic()
        while self._sleepers and self._sleepers[0][0] <= now_s:
            _, _, wake, lane = heapq.heappop(self._sleepers)
            if lane.wake == wake and lane.rest is Rest.SLEEPING:
                self._share(lane.key.platform).offer(lane)

    def _probe_due(self) -> None:
        """One lane finds out whether its platform is back: a fresh one if there is one, and the oldest of those."""
        now_s = self._clock.monotonic()
        for share in self._shares.values():
            if share.circuit.due(now_s, fresh=share.fresh_waiting):
                share.offer_queued()

    def _wake_platform(self, share: Share) -> None:
        """The platform is back: its lanes go on, fresh ones first, and of those the oldest.

        As many as there are runners are woken; each that ends its turn makes room for the next. A platform that
        comes and goes would else stir up every lane that waits for it each time.
        """
        sleeping = [
            lane
            for holding in self._holdings.values()
            for lane in holding.lanes.values()
            if lane.key.platform == share.platform and lane.rest is Rest.SLEEPING
        ]
        share.clear_queue()
        for lane in sorted(sleeping, key=lambda lane: (lane.head_offset, lane.partition)):
            share.queue(lane)
        for _ in range(share.concurrency_max):
            share.offer_queued()

    # --- shares ------------------------------------------------------------------------------------------------------

    def _share(self, platform: str) -> Share:
        share = self._shares.get(platform)
        return share if share is not None else self._open_share(platform)

    def _open_share(self, platform: str) -> Share:
        limits = self._limits(platform)
        circuit = Circuit(open_s=limits.circuit_open_s, open_max_s=limits.circuit_open_max_s)
        share = self._shares[platform] = Share(platform, circuit, limits.concurrency_max, limits.hot_max)
        for _ in range(0 if self._closed else limits.concurrency_max):
            self._runners.append(asyncio.get_running_loop().create_task(self._runner(share)))
        return share

    def _measure(self) -> None:
        """Set the gauges, once in a while: lanes may be many."""
        if self._clock.monotonic() < self._measure_at_s:
            return
        self._measure_at_s = self._clock.monotonic() + _MEASURE_EVERY_S
        lanes = (lane for holding in self._holdings.values() for lane in holding.lanes.values())
        stored = Counter(lane.key.platform for lane in lanes if lane.stored)
        for share in self._shares.values():
            self._metrics.lanes_parked.set(stored[share.platform], share.platform)
            self._metrics.circuit_open.set(share.circuit.state is not CircuitState.CLOSED, share.platform)


def _waiting(work: Work) -> DeliveryState:
    """The state of a delivery that waits in the store: what was in doubt stays so."""
    return DeliveryState.IN_DOUBT if work.doubtful else DeliveryState.WAITING
