"""Each platform has its own share: its runners, its circuit, its part of memory."""

import asyncio

from hub.delivery.admission.admission import Admission
from hub.delivery.admission.waiting import Waiting
from hub.delivery.lanes.lane import Lane, Rest
from hub.delivery.tries.blame import Seen
from hub.delivery.work import Work


class Share:
    """What one platform may use. `calls` holds the start (monotonic seconds) of every try under way."""

    def __init__(self, platform: str, admission: Admission, concurrency_max: int, hot_max: int) -> None:
        self.platform = platform
        self.admission = admission
        self.circuit = admission.circuit
        self.waiting = Waiting()
        self.concurrency_max = concurrency_max
        self.hot_max = hot_max
        self.hot = 0
        self.calls: dict[Lane, float] = {}
        self._good_s: dict[str, float] = {}
        self._ready: asyncio.Queue[Lane] = asyncio.Queue()
        self._engaged: dict[Lane, float] = {}

    def offer(self, lane: Lane) -> None:
        """Put a lane before the runners, unless it is there, under way, or held."""
        if lane.rest in (Rest.IDLE, Rest.SLEEPING):
            lane.rest = Rest.READY
            lane.wake += 1
            self._ready.put_nowait(lane)

    def offer_now(self, lane: Lane) -> None:
        """Put a lane before the runners whatever it waits for: something can be done that needs no platform."""
        if lane.rest is Rest.HELD:
            lane.rest = Rest.SLEEPING
        self.offer(lane)

    def forget(self, lane: Lane) -> None:
        """Give back the memory of a lane that is no longer ours, and never put it before a runner again."""
        self.hot -= len(lane.hot)
        lane.hot.clear()
        lane.rest = Rest.HELD

    def let_in(self) -> None:
        """Put as many waiting lanes before the runners as may call right now, oldest first."""
        while self.waiting and self.admission.room(self._under_way, self._ready.qsize()) > 0:
            lane = self.waiting.take()
            if lane is not None:
                self.offer(lane)

    def probe(self) -> None:
        """Put one lane before the runners to find out whether the platform is back, if it is time for that."""
        if self.admission.probe_due(fresh=self.waiting.any_fresh) and (lane := self.waiting.take_probe()):
            self.offer(lane)

    @property
    def receptive(self) -> bool:
        """Whether what arrives may go before the runners: nobody waits who was there before it."""
        return self.admission.free and not self.waiting

    def admits(self, lane: Lane) -> bool:
        """Whether a lane may call right now; it counts from here on."""
        return self.admission.admits(lane.partition, self._under_way - 1, fresh=lane.fresh)

    @property
    def _under_way(self) -> int:
        """How many lanes are with runners, save those that were there before the platform was away."""
        since_s = self.admission.ramp.since_s
        if self.admission.ramp.full:
            return len(self._engaged)
        return sum(taken_s >= since_s for taken_s in self._engaged.values())

    def took(self, lane: Lane, work: Work, began_s: float) -> None:
        """The platform took a delivery, or answered for it, in a try that began at `began_s` (monotonic seconds)."""
        self._good_s[work.id.operation] = max(began_s, self._good_s.get(work.id.operation, 0.0))
        lane.blame.clear()

    def missed(self, lane: Lane, work: Work, now_s: float, *, refused_us: bool) -> None:
        """A try failed."""
        lane.blame.failed(work.id, self._seen(work, now_s, refused_us=refused_us))

    def counted(self, lane: Lane, work: Work, now_s: float) -> int:
        """Return how many tries speak against a delivery, were the one under way to fail at this moment."""
        return lane.blame.counted(work.id, self._seen(work, now_s))

    def _seen(self, work: Work, now_s: float, *, refused_us: bool = False) -> Seen:
        well = self.circuit.closed and not refused_us
        return Seen(now_s, self._good_s.get(work.id.operation, 0.0), self.circuit.openings, well)

    async def take(self) -> Lane:
        """Return the next lane to work on."""
        lane = await self._ready.get()
        lane.rest = Rest.RUNNING
        self._engaged[lane] = self.admission.now_s()
        return lane

    def put_back(self, lane: Lane) -> None:
        """A runner is done with the lane that it took."""
        self._engaged.pop(lane, None)

    @property
    def full(self) -> bool:
        """Whether the platform's part of memory is used up."""
        return self.hot >= self.hot_max

    @property
    def busy(self) -> bool:
        """Whether lanes wait for a runner."""
        return not self._ready.empty()

    @property
    def idle(self) -> bool:
        """Whether a runner waits for a lane."""
        return not self.busy and len(self.calls) < self.concurrency_max

    def slow(self, now_s: float, after_s: float) -> bool:
        """Whether calls last longer than `after_s`, as far as can be told: on average a call under way is half done."""
        return sum(now_s - start for start in self.calls.values()) > after_s / 2 * len(self.calls)

    def overdue(self, now_s: float, after_s: float) -> list[Lane]:
        """Return the lanes whose call has lasted longer than `after_s` and is not written down yet."""
        return [
            lane
            for lane, start in self.calls.items()
            if now_s - start > after_s and lane.current is not None and not lane.current.stored
        ]
