"""What the gauges show of lanes and platforms."""

from collections import Counter
from collections.abc import Iterable

from hub.delivery.admission.share import Share
from hub.delivery.lanes.holding import Holding
from hub.ports import Clock
from hub.telemetry import Metrics

_EVERY_S = 1.0
_LANES_PER_S = 10_000
"""So that counting many lanes that wait takes no more of a core than counting a few."""


class Gauges:
    """Sets them once in a while: lanes may be many."""

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._next_s = 0.0

    def set(self, holdings: Iterable[Holding], shares: Iterable[Share]) -> None:
        """Count, unless that was done a moment ago."""
        if self._clock.monotonic() < self._next_s:
            return
        lanes = [lane for holding in holdings for lane in holding.lanes.values()]
        self._next_s = self._clock.monotonic() + max(_EVERY_S, len(lanes) / _LANES_PER_S)
        stored = Counter(lane.key.platform for lane in lanes if lane.stored)
        for share in shares:
            self._metrics.lanes_parked.set(stored[share.platform], share.platform)
            self._metrics.circuit_open.set(not share.circuit.closed, share.platform)
            self._metrics.window_closed.set(share.admission.closed, share.platform)
            self._metrics.quota_spent.set(share.admission.quota.spent, share.platform)
