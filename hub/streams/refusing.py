"""Platforms that refuse the hub itself: its account, its key, its address. One alarm each, for the whole installation.

Done by the leader, who reads what all processes have written down. A rotated password is met by every dossier, in every
process, at every try; somebody must hear of it once, and once again when it is over.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.errors import RefusedUs
from hub.ports import Clock, Log, Projected, StandingAlarms
from hub.streams.projector import fetched
from hub.streams.windows import first_since
from hub.telemetry import Metrics, logger
from schemas.audit import AuditEvent, AuditRecord
from schemas.delivery import OutcomeClass, OutcomeHeader, Step
from schemas.topics import AUDIT, OUTCOMES

KIND = "refused_us"
TOPICS = (OUTCOMES, AUDIT)
BACK = timedelta(minutes=2)
"""How far back a new leader reads: what stood before is remembered, and a platform that refuses refuses again soon."""

_BATCH_RECORDS = 500
_BATCHES_MAX = 40
_REACHED = frozenset({OutcomeClass.DELIVERED, OutcomeClass.ALREADY_THERE, OutcomeClass.REFUSED_MESSAGE})
_FOUND = frozenset({"none", "one", "several"})
_log = logger("alarms")


@dataclass(slots=True)
class Answers:
    """When each platform last refused the hub, and when it last took something from it or told it something."""

    refused_at: dict[str, datetime] = field(default_factory=dict)
    reached_at: dict[str, datetime] = field(default_factory=dict)

    def note(self, records: Iterable[Projected]) -> None:
        """Take records in, in any order. What says nothing of a platform is passed over."""
        for each in records:
            if each.outcome is not None:
                self._note_outcome(each.outcome)
            elif each.audit is not None and each.audit.event is AuditEvent.ANSWERED:
                self._note_lookup(each.audit)

    def refusing(self) -> dict[str, bool]:
        """Return, of each platform that was heard of, whether its last word was a refusal of the hub."""
        platforms = sorted({*self.refused_at, *self.reached_at})
        return {platform: self._refuses(platform) for platform in platforms}

    def _refuses(self, platform: str) -> bool:
        refused_at, reached_at = self.refused_at.get(platform), self.reached_at.get(platform)
        return refused_at is not None and (reached_at is None or reached_at < refused_at)

    def _note_outcome(self, outcome: OutcomeHeader) -> None:
        if outcome.step is Step.NONE:
            return
        if outcome.outcome_class is OutcomeClass.REFUSED_US:
            _later(self.refused_at, outcome.platform, outcome.finished_at)
        elif outcome.outcome_class in _REACHED:
            _later(self.reached_at, outcome.platform, outcome.finished_at)

    def _note_lookup(self, audit: AuditRecord) -> None:
        if audit.result == RefusedUs.code:
            _later(self.refused_at, audit.source, audit.at)
        elif audit.result in _FOUND:
            _later(self.reached_at, audit.source, audit.at)


def _later(times: dict[str, datetime], platform: str, at: datetime) -> None:
    times[platform] = max(at, times.get(platform, at))


class RefusingPlatforms:
    """Raises an alarm when the last word of a platform is that it refuses the hub; its next other word ends it.

    Nothing is decided before all that was written down has been read.
    """

    def __init__(self, log: Log, alarms: StandingAlarms, clock: Clock, metrics: Metrics) -> None:
        self._log = log
        self._alarms = alarms
        self._clock = clock
        self._metrics = metrics
        self._answers = Answers()
        self._next: dict[tuple[str, int], int] = {}
        self._shown: set[str] = set()

    async def check(self) -> None:
        """Look once. Errors: those of log and store; what was read before them is kept."""
        places = [(topic, partition) for topic in TOPICS for partition in range(self._log.partitions(topic))]
        if not all([await self._read(*place) for place in places]):
            return
        standing = set(await self._alarms.standing(KIND))
        for platform, refuses in self._answers.refusing().items():
            if refuses and platform not in standing:
                await self._begin(platform)
                standing.add(platform)
            elif not refuses and platform in standing:
                await self._end(platform)
                standing.discard(platform)
        self._show(standing)

    def stand_by(self) -> None:
        """Show nothing: another process does. What it has read by the time it stops is read again."""
        self._show(set())
        self._answers = Answers()
        self._next.clear()

    async def _read(self, topic: str, partition: int) -> bool:
        """Read on. Whether this reached the end."""
        place = topic, partition
        if place not in self._next:
            self._next[place] = await first_since(self._log, topic, partition, self._clock.now() - BACK)
        for _ in range(_BATCHES_MAX):
            records = await self._log.read(topic, partition, self._next[place], _BATCH_RECORDS)
            if not records:
                return True
            self._answers.note(fetched(topic, records).records)
            self._next[place] = records[-1].offset + 1
        return False

    async def _begin(self, platform: str) -> None:
        if await self._alarms.begin(KIND, platform, self._answers.refused_at[platform]):
            _log.error("alarm_raised", kind=KIND, platform=platform)

    async def _end(self, platform: str) -> None:
        if await self._alarms.end(KIND, platform):
            _log.info("alarm_ended", kind=KIND, platform=platform)

    def _show(self, standing: set[str]) -> None:
        for platform in sorted(standing | self._shown):
            self._metrics.alarm.set(platform in standing, KIND, platform)
        self._shown = standing | self._shown
