"""Each platform has its own share: its runners, its circuit, its part of memory."""

import asyncio
from collections import deque

from hub.delivery.blame import Seen
from hub.delivery.circuit import Circuit
from hub.delivery.lane import Lane, Rest
from hub.delivery.work import Work


class Share:
    """What one platform may use. `calls` holds the start (monotonic seconds) of every try under way."""

    def __init__(self, platform: str, circuit: Circuit, concurrency_max: int, hot_max: int) -> None:
        self.platform = platform
        self.circuit = circuit
        self.concurrency_max = concurrency_max
        self.hot_max = hot_max
        self.hot = 0
        self.calls: dict[Lane, float] = {}
        self._good_s: dict[str, float] = {}
        self._ready: asyncio.Queue[Lane] = asyncio.Queue()
        self._fresh: deque[Lane] = deque()
        self._failed: deque[Lane] = deque()

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

    def queue(self, lane: Lane) -> None:
        """Let a lane wait until the circuit closes, or until it is its turn to probe."""
        lane.rest = Rest.SLEEPING
        lane.wake += 1
        (self._fresh if lane.fresh else self._failed).append(lane)

    @property
    def fresh_waiting(self) -> bool:
        """Whether a lane waits for the circuit that has not failed itself."""
        while self._fresh and self._fresh[0].rest is not Rest.SLEEPING:
            self._fresh.popleft()
        return bool(self._fresh)

    def offer_queued(self) -> None:
        """Put the lane before the runners whose turn it is to probe."""
        for waiting in (self._fresh, self._failed):
            while waiting:
                lane = waiting.popleft()
                if lane.rest is Rest.SLEEPING:
                    self.offer(lane)
                    return

    def clear_queue(self) -> None:
        """Forget who waits for the circuit."""
        self._fresh.clear()
        self._failed.clear()

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
        return lane

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
