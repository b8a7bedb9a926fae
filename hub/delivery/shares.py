"""The shares of all platforms, with their runners: opened when first needed, judged by what calls come to."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass

from hub.delivery.circuit import Circuit
from hub.delivery.contact import Contact
from hub.delivery.holding import Holding
from hub.delivery.lane import Lane, Rest
from hub.delivery.share import Share
from hub.delivery.work import Work
from hub.ports import Clock
from hub.telemetry import logger
from schemas.delivery import OutcomeClass

_log = logger("delivery")


@dataclass(frozen=True, slots=True)
class ShareLimits:
    """What a platform may use: tries at the same time, deliveries in memory."""

    concurrency_max: int = 32
    hot_max: int = 5000
    circuit_open_s: float = 1.0
    circuit_open_max_s: float = 30.0


class Shares:
    """One share for each platform that was ever needed, in `opened`; `run` is what each of its runners does."""

    def __init__(
        self, clock: Clock, limits: Callable[[str], ShareLimits], run: Callable[[Share], Coroutine[None, None, None]]
    ) -> None:
        self.opened: dict[str, Share] = {}
        self._clock = clock
        self._limits = limits
        self._run = run
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
        circuit = Circuit(open_s=limits.circuit_open_s, open_max_s=limits.circuit_open_max_s)
        share = self.opened[platform] = Share(platform, circuit, limits.concurrency_max, limits.hot_max)
        for _ in range(0 if self._closed else limits.concurrency_max):
            self._runners.append(asyncio.get_running_loop().create_task(self._run(share)))
        return share

    async def close(self) -> None:
        """End every runner, and start none any more."""
        self._closed = True
        for runner in self._runners:
            runner.cancel()
        await asyncio.gather(*self._runners, return_exceptions=True)

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

    # --- platforms that fail, and come back --------------------------------------------------------------------------

    def judge(self, share: Share, lane: Lane, work: Work, contact: Contact | None, began_s: float) -> bool:
        """Take in what a call showed of its platform. Return whether the platform is back just now."""
        now_s = self._clock.monotonic()
        if contact is None:
            share.circuit.abandoned()
            return False
        fresh, lane.fresh = lane.fresh, contact.reached
        if contact.reached:
            share.took(lane, work, began_s)
            back = share.circuit.succeeded()
            if back:
                _log.info("circuit_closed", platform=share.platform)
            return back
        refused_us = contact.outcome is OutcomeClass.REFUSED_US
        share.missed(lane, work, now_s, refused_us=refused_us)
        if share.circuit.failed(now_s, fresh=fresh, refused_us=refused_us):
            _log.warning("circuit_opened", platform=share.platform, outcome_class=contact.outcome)
        return False

    def probe_due(self) -> None:
        """One lane finds out whether its platform is back: a fresh one if there is one, and the oldest of those."""
        now_s = self._clock.monotonic()
        for share in self.opened.values():
            if share.circuit.due(now_s, fresh=share.fresh_waiting):
                share.offer_queued()

    def wake(self, share: Share, holdings: Iterable[Holding]) -> None:
        """The platform is back: its lanes go on, fresh ones first, and of those the oldest.

        As many as there are runners are woken; each that ends its turn makes room for the next. A platform that
        comes and goes would else stir up every lane that waits for it each time.
        """
        sleeping = [
            lane
            for holding in holdings
            for lane in holding.lanes.values()
            if lane.key.platform == share.platform and lane.rest is Rest.SLEEPING
        ]
        share.clear_queue()
        for lane in sorted(sleeping, key=lambda lane: (lane.head_offset, lane.partition)):
            share.queue(lane)
        for _ in range(share.concurrency_max):
            share.offer_queued()
