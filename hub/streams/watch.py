"""Whether the projections move, seen from outside of Faust: what it forgets is fetched, what it stops doing is told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from hub.errors import HubFault, Unavailable
from hub.ports import Clock, Log
from hub.streams.projector import Projector
from hub.telemetry import Metrics, logger

_ROUND_S = 2.0
_ROUND_S_MAX = 300.0
_SILENT_S_MAX = 30.0
_IDLE_ROUNDS_MAX = 15
_LAG_RECORDS_MAX = 10_000
_LAG_S_MAX = 30.0
_log = logger("streams")

Held = Callable[[str], Collection[int]]
"""Tells which partitions of a topic Faust feeds in this process."""


class Watch:
    """Looks at every projection every two seconds; `taken` counts what Faust delivered, by topic.

    A projection that stood still for a round although records wait is brought forward through the `Log` port: at the
    start, after a partition changed hands, and when Faust went silent. When it had to do so fifteen times
    while Faust delivered nothing, that is a fall.
    """

    def __init__(
        self,
        log: Log,
        projectors: Mapping[str, Sequence[Projector]],
        clock: Clock,
        metrics: Metrics,
        taken: Counter[str],
    ) -> None:
        self._log = log
        self._projectors = projectors
        self._clock = clock
        self._metrics = metrics
        self._taken = taken
        self._on = False
        self._looked_at_s = 0.0
        self._lag_records = 0
        self._behind_since_s: float | None = None

    async def follow(self, held: Held) -> None:
        """Watch until cancelled. Raises Unavailable when Faust delivers nothing any more, or a projection hangs."""
        self._on, self._looked_at_s = True, self._clock.monotonic()
        topics = [_TopicWatch(topic, each, self._log, self._taken) for topic, each in self._projectors.items()]
        try:
            while True:
                await self._round(topics, held)
                await self._clock.sleep(_ROUND_S)
        finally:
            self._on = False

    def trouble(self) -> str | None:
        """Say what is wrong, if anything."""
        now_s = self._clock.monotonic()
        if not self._on:
            return "not running"
        if now_s - self._looked_at_s > _SILENT_S_MAX:
            return f"no answer for {int(now_s - self._looked_at_s)} s"
        if self._behind_since_s is not None and now_s - self._behind_since_s > _LAG_S_MAX:
            return f"{self._lag_records} records behind"
        return None

    async def _round(self, topics: Sequence["_TopicWatch"], held: Held) -> None:
        try:
            if not await self._in_time(_look(topics, held)):
                raise TimeoutError
        except HubFault as fault:
            _log.warning("projection_waits", code=fault.problem_code)
        except TimeoutError:
            raise Unavailable("a projection hangs") from None
        self._note(topics)
        for watched in topics:
            if watched.idle_rounds > _IDLE_ROUNDS_MAX:
                raise Unavailable(f"Faust delivers nothing of {watched.topic} any more")

    async def _in_time(self, look: Coroutine[Any, Any, None]) -> bool:
        looking, alarm = asyncio.ensure_future(look), asyncio.ensure_future(self._clock.sleep(_ROUND_S_MAX))
        try:
            await asyncio.wait({looking, alarm}, return_when=asyncio.FIRST_COMPLETED)
            if looking.done():
                looking.result()
            return looking.done()
        finally:
            looking.cancel()
            alarm.cancel()

    def _note(self, topics: Sequence["_TopicWatch"]) -> None:
        now_s = self._looked_at_s = self._clock.monotonic()
        for watched in topics:
            self._metrics.projection_lag_records.set(watched.lag_records, watched.topic)
        self._lag_records = max((watched.lag_records for watched in topics), default=0)
        if self._lag_records <= _LAG_RECORDS_MAX:
            self._behind_since_s = None
        elif self._behind_since_s is None:
            self._behind_since_s = now_s


async def _look(topics: Iterable["_TopicWatch"], held: Held) -> None:
    for watched in topics:
        await watched.round(held(watched.topic))


class _TopicWatch:
    """The projections of one topic. `lag_records` is that of the slowest; `idle_rounds` counts the silence of Faust."""

    def __init__(self, topic: str, projectors: Sequence[Projector], log: Log, taken: Counter[str]) -> None:
        self.topic = topic
        self.lag_records = 0
        self.idle_rounds = 0
        self._projectors = projectors
        self._log = log
        self._taken = taken
        self._taken_before = -1
        self._before: dict[tuple[int, int], tuple[int, int]] = {}

    async def round(self, held: Collection[int]) -> None:
        """Look at each partition once; what is held and stood still is brought to its end."""
        silent = self._taken[self.topic] == self._taken_before
        self._taken_before = self._taken[self.topic]
        still = [place async for place in self._standing(held)]
        for number, partition in still:
            await self._projectors[number].catch_up(self.topic, partition)
        self.idle_rounds = self.idle_rounds + bool(still) if silent else 0

    async def _standing(self, held: Collection[int]) -> AsyncIterator[tuple[int, int]]:
        """Yield what is held, was behind a round ago and has not moved since; measure the lag of all."""
        lags = Counter[int]()
        for partition in range(self._log.partitions(self.topic)):
            end = (await self._log.bounds(self.topic, partition)).end
            for number, projector in enumerate(self._projectors):
                if not projector.shared and partition not in held:
                    continue
                look = projector.position if partition in held else projector.look_again
                at = await look(self.topic, partition)
                lags[number] += max(0, end - at)
                place = number, partition
                before, self._before[place] = self._before.get(place, (at, end)), (at, end)
                if partition in held and before[0] == at < before[1]:
                    yield place
        self.lag_records = max(lags.values(), default=0)
