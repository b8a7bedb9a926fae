"""The lanes that wait for a time: which wakes when."""

import heapq
import itertools
from datetime import datetime

from hub.delivery.lanes.lane import Lane, Rest
from hub.ports import Clock

_SOONEST_S = 0.001


class Sleepers:
    """Puts lanes to sleep, and returns those that are due. Whatever else moves a lane on wakes it as well."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, int, Lane]] = []
        self._order = itertools.count()

    def until(self, lane: Lane, due_at: datetime) -> None:
        """Let a lane sleep until a time; one that is past wakes it soon."""
        self.rest(lane, max(0.0, (due_at - self._clock.now()).total_seconds()))

    def must(self, due_at: datetime, longest_s: float) -> bool:
        """Whether a lane must sleep until a time that was written down.

        What lies further off than `longest_s` may have been written by a wall clock that was wrong.
        """
        return 0.0 < (due_at - self._clock.now()).total_seconds() <= longest_s

    def rest(self, lane: Lane, delay_s: float) -> None:
        """Let a lane sleep for a while."""
        lane.rest = Rest.SLEEPING
        lane.wake += 1
        heapq.heappush(self._heap, (self._clock.monotonic() + delay_s, next(self._order), lane.wake, lane))

    def next_wake_s(self, most_s: float) -> float:
        """Return in how many seconds the first one wakes, `most_s` at most."""
        if not self._heap:
            return most_s
        return min(most_s, max(_SOONEST_S, self._heap[0][0] - self._clock.monotonic()))

    def towards(self, platform: str) -> list[Lane]:
        """Return the lanes towards one platform that sleep."""
        return [lane for _, _, wake, lane in self._heap if lane.key.platform == platform and _sleeps(lane, wake)]

    def due(self) -> list[Lane]:
        """Take out the lanes that have slept long enough, in the order of their times."""
        now_s, lanes = self._clock.monotonic(), []
        while self._heap and self._heap[0][0] <= now_s:
            _, _, wake, lane = heapq.heappop(self._heap)
            if _sleeps(lane, wake):
                lanes.append(lane)
        return lanes


def _sleeps(lane: Lane, wake: int) -> bool:
    return lane.wake == wake and lane.rest is Rest.SLEEPING
