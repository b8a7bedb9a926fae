"""What waits too long: deliveries that are late, and platforms that are silent. Done by the leader, for all processes.

Each is a line in the log when it begins and when it ends, and a gauge as long as it lasts. That a delivery is late is
also told, once, to whoever is handed in.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.pipeline.windows import Closures
from hub.ports import Clock, DeliveryId, Lateness, ReadModels
from hub.telemetry import Metrics, logger
from schemas.timeline import PlatformCount

_PAGE_DELIVERIES = 500
_PAGES_MAX = 20
_log = logger("alarms")

Tell = Callable[[DeliveryId, datetime], Awaitable[object]]
"""Told of a delivery and since when it waits; to be told again changes nothing."""


class LateDeliveries:
    """Finds deliveries that are not final `late_after_s` after their message was received."""

    def __init__(self, lateness: Lateness, tell: Tell, clock: Clock, metrics: Metrics, *, late_after_s: float) -> None:
        self._lateness = lateness
        self._tell = tell
        self._clock = clock
        self._metrics = metrics
        self._late_after = timedelta(seconds=late_after_s)
        self._late: Mapping[str, int] = {}

    async def check(self) -> None:
        """Look once. A backlog of more than ten thousand is told in several goes."""
        before = self._clock.now() - self._late_after
        self._show(await self._lateness.late(before))
        after: DeliveryId | None = None
        for _ in range(_PAGES_MAX):
            page = await self._lateness.untold(before, after, _PAGE_DELIVERIES)
            for delivery in page:
                await self._tell(delivery.id, delivery.since)
            if len(page) < _PAGE_DELIVERIES:
                return
            after = page[-1].id

    def stand_by(self) -> None:
        """Show nothing: another process does."""
        for platform in self._late:
            self._metrics.late_deliveries.set(0, platform)
        self._late = {}

    def _show(self, late: Mapping[str, int]) -> None:
        for platform in sorted({*late, *self._late}):
            number, before = late.get(platform, 0), self._late.get(platform, 0)
            self._metrics.late_deliveries.set(number, platform)
            if number and not before:
                _log.warning("deliveries_late", platform=platform, deliveries=number)
            elif before and not number:
                _log.info("deliveries_late_no_more", platform=platform)
        self._late = late


@dataclass(frozen=True, slots=True)
class Silence:
    """How a platform stood when something last succeeded there, nothing waited, or nobody was to call it.

    As far as this process saw.
    """

    delivered: int
    since_s: float


def silences(
    before: Mapping[str, Silence], counts: Iterable[PlatformCount], now_s: float, closed: Collection[str] = ()
) -> Mapping[str, Silence]:
    """Go on from the silences before: a delivery more, nothing that waits, or a platform that is closed ends one."""
    after = {}
    for count in counts:
        known = before.get(count.platform)
        goes_on = known is not None and known.delivered == count.delivered and _waits(count)
        goes_on = goes_on and count.platform not in closed
        after[count.platform] = known if known is not None and goes_on else Silence(count.delivered, now_s)
    return after


class SilentPlatforms:
    """Finds platforms at which nothing succeeded for `silence_after_s` although something waits for them.

    It counts from when it began to look: a new leader may be that much later. During maintenance nobody calls a
    platform, and so nothing is expected of it; `closures` are the windows, by platform.
    """

    def __init__(
        self,
        read_models: ReadModels,
        clock: Clock,
        metrics: Metrics,
        *,
        silence_after_s: float,
        closures: Mapping[str, Closures],
    ) -> None:
        self._read_models = read_models
        self._clock = clock
        self._metrics = metrics
        self._silence_after_s = silence_after_s
        self._closures = closures
        self._silences: Mapping[str, Silence] = {}
        self._silent: frozenset[str] = frozenset()

    async def check(self) -> None:
        """Look once."""
        counts = (await self._read_models.overview()).platforms
        now, now_s = self._clock.now(), self._clock.monotonic()
        closed = {platform for platform, windows in self._closures.items() if windows.at(now).closed}
        self._silences = silences(self._silences, counts, now_s, closed)
        silent = frozenset(
            platform for platform, each in self._silences.items() if now_s - each.since_s >= self._silence_after_s
        )
        for platform in self._silences:
            self._metrics.platform_silent.set(platform in silent, platform)
        for platform in sorted(silent - self._silent):
            _log.warning("platform_silent", platform=platform, wait_s=self._silence_after_s)
        for platform in sorted(self._silent - silent):
            _log.info("platform_silent_no_more", platform=platform)
        self._silent = silent

    def stand_by(self) -> None:
        """Show nothing: another process does."""
        for platform in self._silences:
            self._metrics.platform_silent.set(0, platform)
        self._silences, self._silent = {}, frozenset()


def _waits(count: PlatformCount) -> bool:
    return bool(count.waiting or count.in_flight or count.parked or count.in_doubt)
