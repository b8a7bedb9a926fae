"""Quotas of callers and of the source of lookups: who has used up his own hears when to come again."""

import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta

from hub.access import CallerQuota, Principal
from hub.errors import NotSent, Overloaded, Rationed
from hub.pipeline.catalogue import VIETNAM
from hub.pipeline.quota import Bucket, DayBudget
from hub.pipeline.windows import Closures
from hub.ports import Clock

LookupsSince = Callable[[datetime], Awaitable[Mapping[Principal, int]]]
"""Counts, from the audit, who asked how often since a moment."""

_ALL = 0
_AGAIN_S = 60.0
_NEVER_CLOSED = Closures()
_DAY = timedelta(days=1)


async def _none_known(_since: datetime) -> Mapping[Principal, int]:
    return {}


class Rations:
    """Rates hold in each process by itself. Lookups of a day are counted here, and once a minute from the audit.

    `source_per_s` (a rate and a burst) and `source_per_day` ration the source of lookups, whoever asks; within
    `source_closures` nobody asks it.
    """

    def __init__(
        self,
        clock: Clock,
        quotas: Mapping[Principal, CallerQuota],
        *,
        source_per_s: tuple[float, int] | None = None,
        source_per_day: int | None = None,
        source_closures: Closures = _NEVER_CLOSED,
        lookups_since: LookupsSince = _none_known,
    ) -> None:
        self._clock = clock
        self._lookups_since = lookups_since
        self._closures = source_closures
        self._rates = {
            who: Bucket(each.requests_per_s, each.calls_burst) for who, each in quotas.items() if each.requests_per_s
        }
        self._days = {who: DayBudget(each.lookups_per_day) for who, each in quotas.items() if each.lookups_per_day}
        self._source_rate = Bucket(*source_per_s) if source_per_s else None
        self._source_day = DayBudget(source_per_day) if source_per_day else None
        self._asked: dict[Principal, int] = {}
        self._again = 0
        self._day = date.min
        self._learnt_s = -math.inf

    def admit(self, principal: Principal) -> None:
        """Let a request pass. Rationed when its system has come too often."""
        rate = self._rates.get(principal)
        if rate is None:
            return
        now_s = self._clock.monotonic()
        if not rate.left(now_s):
            raise Rationed("requests per second", retry_after_s=max(1, math.ceil(rate.wait_s(now_s))))
        rate.charge(1)

    async def admit_lookup(self, principal: Principal) -> None:
        """Let a lookup pass, and count it.

        Errors: Rationed; Overloaded when the source itself has no call left; NotSent during its maintenance.
        """
        await self._learn()
        now = self._clock.now().astimezone(VIETNAM)
        own = self._days.get(principal)
        if own is not None and not own.left(now.date()):
            raise Rationed("lookups per day", retry_after_s=_to_midnight_s(now))
        self._admit_call(now)
        if own is not None:
            own.charge(now.date(), _ALL, 1)
        self._asked[principal] = self._asked.get(principal, 0) + 1

    def admit_again(self) -> None:
        """Let the source be called once more for a lookup that passed, and count that: for the source, not the caller.

        Errors: Overloaded, NotSent.
        """
        self._admit_call(self._clock.now().astimezone(VIETNAM))
        self._again += 1

    def _admit_call(self, now: datetime) -> None:
        self._require_source(now)
        if self._source_day is not None:
            self._source_day.charge(now.date(), _ALL, 1)
        if self._source_rate is not None:
            self._source_rate.charge(1)

    def _require_source(self, now: datetime) -> None:
        if self._closures.at(now).closed:
            raise NotSent("maintenance of the source")
        if self._source_day is not None and not self._source_day.left(now.date()):
            raise Overloaded("lookups of the source per day", retry_after_s=_to_midnight_s(now))
        now_s = self._clock.monotonic()
        if self._source_rate is not None and not self._source_rate.left(now_s):
            wait_s = self._source_rate.wait_s(now_s)
            raise Overloaded("lookups of the source per second", retry_after_s=max(1, math.ceil(wait_s)))

    async def _learn(self) -> None:
        """Take in what other processes, and this one before its start, have asked today."""
        now, now_s = self._clock.now().astimezone(VIETNAM), self._clock.monotonic()
        rationed = self._days or self._source_day
        if not rationed or (now.date() == self._day and now_s < self._learnt_s + _AGAIN_S):
            return
        if now.date() > self._day:
            self._day, self._asked, self._again = now.date(), {}, 0
        self._learnt_s = now_s
        known = await self._lookups_since(now.replace(hour=0, minute=0, second=0, microsecond=0))
        # The audit may lag behind what this process has asked itself, and knows of no second call for one lookup.
        self._asked = {who: max(known.get(who, 0), self._asked.get(who, 0)) for who in {*known, *self._asked}}
        for who, budget in self._days.items():
            budget.learn(self._day, _ALL, self._asked.get(who, 0))
        if self._source_day is not None:
            self._source_day.learn(self._day, _ALL, sum(self._asked.values()) + self._again)


def _to_midnight_s(now: datetime) -> int:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
    return max(1, math.ceil((midnight - now).total_seconds()))
