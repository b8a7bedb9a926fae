"""Back-pressure: past a bound of what waits, nothing more is accepted until some of it is gone.

What waits is told by the read models, every few seconds. Between two answers, and for as long as none comes, the hub
counts what it accepts itself on top and takes nothing off: a figure that is not known never opens the door.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass

from hub.errors import HubFault, Overloaded
from hub.ports import Clock, Log, Projection
from hub.telemetry import logger
from schemas.timeline import Overview, PlatformCount

RETRY_AFTER_S = 30
_log = logger("ingress")


@dataclass(frozen=True, slots=True)
class BacklogLimits:
    """How many deliveries may wait, all in all and for one platform, and from which share of that on there is room.

    A limit of 0 means none. `resume_at` keeps the door from opening and closing with every message.
    """

    deliveries_max: int = 1_000_000
    platform_deliveries_max: int = 200_000
    resume_at: float = 0.9


def closes(waiting: int, limit: int, resume_at: float, *, closed: bool) -> bool:
    """Whether the door is closed from here on: at the limit, and once closed until well below it."""
    return bool(limit) and waiting >= (limit * resume_at if closed else limit)


def waiting_of(count: PlatformCount) -> int:
    """Return how many deliveries towards a platform have not come to their end."""
    return count.waiting + count.in_flight + count.parked + count.in_doubt


async def unprojected(log: Log, projection: Projection, topic: str) -> int:
    """Return how many records of a topic the read models have yet to see, whoever projects them. Errors: the ports'."""
    behind = 0
    for partition in range(log.partitions(topic)):
        end = (await log.bounds(topic, partition)).end
        behind += max(0, end - await projection.next_offset(topic, partition))
    return behind


class Backlog:
    """What waits, as far as is known, and whether there is room for more.

    `unprojected` says how many records of `hub.commands` the read models have yet to see. What another process accepts
    shows with the next answer of the read models, so each of several may go over a limit by what it accepts meanwhile.
    """

    def __init__(
        self,
        *,
        overview: Callable[[], Awaitable[Overview]],
        unprojected: Callable[[], Awaitable[int]],
        clock: Clock,
        limits: BacklogLimits | None = None,
        every_s: float = 2.0,
    ) -> None:
        self._overview = overview
        self._unprojected = unprojected
        self._clock = clock
        self._limits = limits or BacklogLimits()
        self._every_s = every_s
        self._all = 0
        self._waiting: Counter[str] = Counter()
        self._full = False
        self._full_platforms: set[str] = set()

    @property
    def full(self) -> Collection[str]:
        """What there is no room for: platforms, or "" for everything."""
        return sorted(self._full_platforms | ({""} if self._full else set()))

    def require_room(self, platforms: Collection[str]) -> None:
        """Pass, and count one message towards these platforms; or raise Overloaded."""
        if self._full or not self._full_platforms.isdisjoint(platforms):
            raise Overloaded("backlog", retry_after_s=RETRY_AFTER_S)
        self._all += len(platforms)
        self._waiting.update(platforms)
        self._judge(platforms)

    async def run(self) -> None:
        """Keep the figures fresh until cancelled. A store that cannot answer leaves them as they are."""
        while True:
            try:
                await self.refresh()
            except HubFault as fault:
                _log.warning("backlog_unknown", code=fault.problem_code)
            await self._clock.sleep(self._every_s)

    async def refresh(self) -> None:
        """Ask the read models once. Errors: theirs."""
        before = self._waiting.copy()
        unprojected, found = await self._unprojected(), await self._overview()
        told = {count.platform: waiting_of(count) for count in found.platforms}
        # What came in during the question may be in the answer or not: it is counted, for once, twice.
        meanwhile = self._waiting - before
        self._waiting = Counter(told) + meanwhile
        self._all = sum(told.values()) + unprojected + meanwhile.total()
        self._judge({*told, *self._full_platforms})

    def _judge(self, platforms: Collection[str]) -> None:
        limits = self._limits
        before = self.full
        self._full = closes(self._all, limits.deliveries_max, limits.resume_at, closed=self._full)
        for platform in platforms:
            full = platform in self._full_platforms
            waiting = self._waiting[platform]
            if closes(waiting, limits.platform_deliveries_max, limits.resume_at, closed=full):
                self._full_platforms.add(platform)
            else:
                self._full_platforms.discard(platform)
        if before != self.full:
            _log.warning("backlog_bound", platforms=self.full, waiting=self._all)

    @property
    def waiting(self) -> Mapping[str, int]:
        """How many deliveries wait, per platform, as far as is known."""
        return dict(self._waiting)
