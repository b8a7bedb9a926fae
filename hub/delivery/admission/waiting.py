"""The lanes that wait for their platform: in whose turn they go when it takes something again."""

import heapq
import itertools

from hub.delivery.lanes.lane import Lane, Rest

_Entry = tuple[bool, str, int, int, Lane]
"""Whether its failures are its own, its head's message id (which rises with the time of acceptance), and its wake."""


class Waiting:
    """Oldest first by acceptance; those whose failures are their own come last.

    It costs a lane an entry in memory while it waits, and nothing else. Whatever else moves a lane on takes it out.
    """

    def __init__(self) -> None:
        self._fresh: list[_Entry] = []
        self._failed: list[_Entry] = []
        self._order = itertools.count()

    def __bool__(self) -> bool:
        """Whether anybody waits."""
        return bool(_pruned(self._fresh) or _pruned(self._failed))

    def add(self, lane: Lane) -> None:
        """Let a lane wait."""
        lane.rest = Rest.SLEEPING
        lane.wake += 1
        entry = (lane.blame.known, lane.head_id, next(self._order), lane.wake, lane)
        heapq.heappush(self._fresh if lane.fresh else self._failed, entry)

    @property
    def any_fresh(self) -> bool:
        """Whether a lane waits whose last try did not fail."""
        return bool(_pruned(self._fresh))

    def older_than(self, message_id: str) -> bool:
        """Whether somebody waits whose failures are not its own, and whose head was accepted before a message."""
        return any(
            heap and not heap[0][0] and heap[0][1] < message_id
            for heap in (_pruned(self._fresh), _pruned(self._failed))
        )

    def take(self) -> Lane | None:
        """Take out whose turn it is."""
        heads = [heap for heap in (_pruned(self._fresh), _pruned(self._failed)) if heap]
        return heapq.heappop(min(heads, key=lambda heap: heap[0][:3]))[4] if heads else None

    def take_probe(self) -> Lane | None:
        """Take out who finds out whether the platform is back: one that did not fail itself, if there is one."""
        for heap in (_pruned(self._fresh), _pruned(self._failed)):
            if heap:
                return heapq.heappop(heap)[4]
        return None


def _pruned(heap: list[_Entry]) -> list[_Entry]:
    """Drop who waits no longer from the front."""
    while heap and (heap[0][4].wake != heap[0][3] or heap[0][4].rest is not Rest.SLEEPING):
        heapq.heappop(heap)
    return heap
