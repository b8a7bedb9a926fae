"""The shares of all platforms, with their runners: opened when first needed, judged by what calls come to."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass

from hub.delivery.admission.admission import Admission
from hub.delivery.admission.quota import Quota
from hub.delivery.admission.ramp import Ramp
from hub.delivery.admission.share import Share
from hub.delivery.lanes.lane import Lane
from hub.delivery.tries.contact import Contact
from hub.delivery.work import Work
from hub.ending import ended
from hub.pipeline.circuit import Circuit
from hub.pipeline.quota import Bucket, DayBudget
from hub.pipeline.windows import Closures
from hub.ports import Clock
from hub.telemetry import logger
from schemas.delivery import OutcomeClass

_NEVER_CLOSED = Closures()
_SOONEST_S = 0.01
_log = logger("delivery")


@dataclass(frozen=True, slots=True)
class ShareLimits:
    """What a platform may use: tries at the same time, deliveries in memory; and when and how often it may be called.

    `calls_per_s`, `calls_burst` and `calls_per_day` are those of the whole installation; None: as often as one likes.
    """

    concurrency_max: int = 32
    hot_max: int = 5000
    circuit_open_s: float = 1.0
    circuit_open_max_s: float = 30.0
    calls_per_s: float | None = None
    calls_burst: int = 1
    calls_per_day: int | None = None
    closures: Closures = _NEVER_CLOSED


class Shares:
    """One share for each platform that was ever needed, in `opened`; `run` is what each of its runners does.

    `fraction` is the part of a platform's quota that is for this process.
    """

    def __init__(
        self,
        clock: Clock,
        limits: Callable[[str], ShareLimits],
        run: Callable[[Share], Coroutine[None, None, None]],
        fraction: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self.opened: dict[str, Share] = {}
        self._clock = clock
        self._limits = limits
        self._run = run
        self._fraction = fraction
        self._runners: list[asyncio.Task[None]] = []
        self._closed = False

    def of(self, platform: str) -> Share:
        """Return the share of a platform."""
        share = self.opened.get(platform)
        return share if share is not None else self._open(platform)

    def of_lane(self, lane: Lane) -> Share:
        """Return the share of the platform that a lane leads to."""
        return self.of(lane.key.platform)

    def _open(self, platform: str) -> Share:
        limits = self._limits(platform)
        admission = Admission(
            self._clock,
            Circuit(open_s=limits.circuit_open_s, open_max_s=limits.circuit_open_max_s),
            Ramp(limits.concurrency_max),
            self._quota(limits),
            limits.closures,
        )
        share = self.opened[platform] = Share(platform, admission, limits.concurrency_max, limits.hot_max)
        for _ in range(0 if self._closed else limits.concurrency_max):
            self._runners.append(asyncio.get_running_loop().create_task(self._run(share)))
        return share

    def _quota(self, limits: ShareLimits) -> Quota:
        rate = Bucket(limits.calls_per_s, limits.calls_burst) if limits.calls_per_s else None
        day = DayBudget(limits.calls_per_day) if limits.calls_per_day is not None else None
        return Quota(self._clock, rate, day, self._fraction)

    async def close(self) -> None:
        """End every runner, and start none any more."""
        self._closed = True
        await ended(*self._runners)

    @property
    def calling(self) -> bool:
        """Whether a call is under way."""
        return any(share.calls for share in self.opened.values())

    def calls_for(self, partition: int) -> bool:
        """Whether a call for a partition is under way."""
        return any(lane.partition == partition for share in self.opened.values() for lane in share.calls)

    def offer(self, lanes: Iterable[Lane]) -> None:
        """Put lanes before the runners of their platforms."""
        for lane in lanes:
            self.of_lane(lane).offer(lane)

    def learn(self, partition: int, calls: Mapping[str, int]) -> None:
        """Note what was called today for a partition that is taken over, per platform."""
        for platform, number in calls.items():
            self.of(platform).admission.quota.learn(partition, number)

    def forget(self, partition: int) -> None:
        """The partition is somebody else's, with what was called for it."""
        for share in self.opened.values():
            share.admission.quota.forget(partition)

    def queue(self, lanes: Iterable[Lane]) -> None:
        """Let lanes wait for their turn at their platforms."""
        for lane in lanes:
            self.of_lane(lane).waiting.add(lane)

    def next_wake_s(self, most_s: float) -> float:
        """Return in how many seconds a quota lets somebody go who waits, `most_s` at most."""
        waits = [
            share.admission.quota.wait_s for share in self.opened.values() if share.waiting and share.circuit.closed
        ]
        return max(_SOONEST_S, min([most_s, *(wait_s for wait_s in waits if wait_s > 0)]))

    # --- platforms that fail, and come back --------------------------------------------------------------------------

    def judge(self, share: Share, lane: Lane, work: Work, contact: Contact | None, began_s: float) -> bool:
        """Take in what a call showed of its platform. Return whether the platform is back just now."""
        if contact is None:
            share.circuit.abandoned()
            return False
        now_s = self._clock.monotonic()
        fresh, lane.fresh = lane.fresh, contact.reached
        if not contact.reached:
            self._failed(share, lane, work, contact, now_s, fresh=fresh)
            return False
        share.took(lane, work, began_s)
        back = share.circuit.succeeded(now_s)
        if not back:
            share.admission.ramp.succeeded()
        else:
            share.admission.restart()
            _log.info("circuit_closed", platform=share.platform)
        return back

    def _failed(self, share: Share, lane: Lane, work: Work, contact: Contact, now_s: float, *, fresh: bool) -> None:
        refused_us = contact.outcome is OutcomeClass.REFUSED_US
        share.missed(lane, work, now_s, refused_us=refused_us)
        share.admission.ramp.failed()
        opened = share.circuit.failed(now_s, fresh=fresh, refused_us=refused_us)
        if contact.wait_s:
            opened = share.circuit.quiet(now_s, contact.wait_s) or opened
        if opened:
            _log.warning(
                "circuit_opened", platform=share.platform, outcome_class=contact.outcome, wait_s=contact.wait_s
            )
        if not share.circuit.closed:
            share.admission.restart()

    def tick(self) -> None:
        """Let in who waits, as far as each platform allows; with its circuit open, one lane that finds out."""
        for share in self.opened.values():
            self._watch_window(share)
            share.probe()
            share.let_in()

    def _watch_window(self, share: Share) -> None:
        closed = share.admission.closed
        if closed is not share.admission.was_closed:
            share.admission.was_closed = closed
            share.admission.restart()
            _log.info("window_began" if closed else "window_ended", platform=share.platform)

    def wake(self, share: Share, asleep: Iterable[Lane]) -> None:
        """The platform is back: the lanes that failed with it need sleep no longer; in their turn they go on."""
        for lane in asleep:
            if not lane.blame.known:
                share.waiting.add(lane)
        share.let_in()
