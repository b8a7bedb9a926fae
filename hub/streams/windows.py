"""What became of the tries of the last hour, minute by minute and platform by platform.

In memory, not in a table of Faust: the log is the changelog already, an hour of it is read again in seconds, and a
table would bring a topic, a recovery and a database of its own (with the open faults of their recovery) for counts that
may be lost. Prometheus adds up the processes and keeps the past.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.ports import Clock, Log, ProjectedBatch
from hub.telemetry import Metrics
from schemas.delivery import OutcomeClass, OutcomeHeader

MINUTE = timedelta(minutes=1)
KEPT = 60 * MINUTE
BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""The upper bounds of the histogram of durations; one bucket more holds what took longer."""


@dataclass(slots=True)
class Window:
    """The tries that ended in one minute at one platform. `buckets` counts durations by `BOUNDS_S`."""

    classes: Counter[OutcomeClass] = field(default_factory=Counter)
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))

    def note(self, outcome_class: OutcomeClass, duration_s: float) -> None:
        """Count one try."""
        self.classes[outcome_class] += 1
        self.buckets[bisect_left(BOUNDS_S, duration_s)] += 1

    def quantile_s(self, share: float) -> float:
        """Return the bound under which that share of the durations lies; 0 without any, infinity above all bounds."""
        wanted, seen = share * sum(self.buckets), 0
        for bound_s, count in zip((*BOUNDS_S, float("inf")), self.buckets, strict=True):
            seen += count
            if count and seen >= wanted:
                return bound_s
        return 0.0


class Windows:
    """The `Projection` port for `hub.outcomes`, in memory: what is held by other processes is not in it."""

    def __init__(self, log: Log, clock: Clock, metrics: Metrics) -> None:
        self._log = log
        self._clock = clock
        self._metrics = metrics
        self._next: dict[tuple[str, int], int] = {}
        self._windows: dict[tuple[datetime, str], Window] = {}

    async def next_offset(self, topic: str, partition: int) -> int:
        """See `Projection.next_offset`. It begins with what was appended within the last hour."""
        place = topic, partition
        if place not in self._next:
            self._next[place] = await first_since(self._log, topic, partition, self._clock.now() - KEPT)
        return self._next[place]

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """See `Projection.apply`."""
        for partition, batch in batches.items():
            at = await self.next_offset(topic, partition)
            for each in batch.records:
                if each.record.offset >= at and each.outcome is not None:
                    self._note(each.outcome)
            self._next[topic, partition] = max(at, batch.next_offset)

    def last_minute(self) -> Mapping[str, Window]:
        """Return, per platform, the last minute that is over; platforms of the last hour without a try have none."""
        minute = _minute(self._clock.now()) - MINUTE
        platforms = {platform for _, platform in self._windows}
        return {platform: self._windows.get((minute, platform), Window()) for platform in platforms}

    async def show(self) -> None:
        """Forget what is older than an hour, and put the last minute on the metrics page."""
        oldest = _minute(self._clock.now()) - KEPT
        shown = self.last_minute()
        self._windows = {place: window for place, window in self._windows.items() if place[0] >= oldest}
        for platform, window in shown.items():
            for outcome_class in OutcomeClass:
                self._metrics.minute_tries.set(window.classes[outcome_class], platform, outcome_class)
            for share in ("0.5", "0.95", "0.99"):
                self._metrics.minute_try_seconds.set(window.quantile_s(float(share)), platform, share)

    def _note(self, outcome: OutcomeHeader) -> None:
        minute = _minute(outcome.finished_at)
        if outcome.outcome_class is None or minute < _minute(self._clock.now()) - KEPT:
            return
        window = self._windows.setdefault((minute, outcome.platform), Window())
        window.note(outcome.outcome_class, (outcome.finished_at - outcome.started_at).total_seconds())


async def first_since(log: Log, topic: str, partition: int, since: datetime) -> int:
    """Return the offset of the first record that was appended at that time or later; the end when there is none."""
    bounds = await log.bounds(topic, partition)
    low, high = bounds.start, bounds.end
    while low < high:
        middle = (low + high) // 2
        records = await log.read(topic, partition, middle, 1)
        if records and records[0].appended_at < since:
            low = max(middle, records[0].offset) + 1
        else:
            high = middle
    return low


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
