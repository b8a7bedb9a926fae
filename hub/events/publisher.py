"""Brings numbered status events from the outbox into `hub.events`, dossier by dossier in their order."""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from hub.errors import HubFault
from hub.ports import Clock, EventStore, Log, OutboxEvent
from hub.telemetry import logger
from schemas.topics import EVENTS

_log = logger("events")


@dataclass(frozen=True, slots=True)
class PublisherLimits:
    """Bounds of one publisher. A partition whose holder has not been heard of for `lease_s` goes to another process.

    `pace_s` is the pause after events went out: what comes meanwhile shares a transaction.
    """

    events_max: int = 250
    pace_s: float = 0.05
    idle_s: float = 0.5
    retry_s: float = 1.0
    lease_s: float = 10.0


class Publisher:
    """Publishes the partitions that it could claim; several processes may run one.

    An event leaves the outbox after it is durable in the log, so a crash between leaves a repeat under the same id and
    number, and never a gap. Claims only save work: two processes that publish one partition repeat each other, and the
    first appearances are still in order, for each of them appends a dossier's events one after the other.
    """

    def __init__(
        self, log: Log, store: EventStore, clock: Clock, limits: PublisherLimits | None = None, holder: str = ""
    ) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._limits = limits or PublisherLimits()
        self._holder = holder or secrets.token_hex(8)
        self._partitions = range(log.partitions(EVENTS))
        self._held: Collection[int] = ()
        self._renew_at_s = 0.0
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Say that there is something to publish."""
        self._woken.set()

    async def run(self) -> None:
        """Publish until cancelled; a log or store that fails is tried again."""
        try:
            while True:
                self._woken.clear()
                try:
                    moved = await self.publish()
                except HubFault as fault:
                    _log.warning("events_wait", code=fault.problem_code)
                    await self._clock.sleep(self._limits.retry_s)
                else:
                    await (self._clock.sleep(self._limits.pace_s) if moved else self._wait())
        finally:
            with suppress(HubFault):
                await self._store.release(self._holder)

    async def publish(self) -> int:
        """Publish the first events of each partition held, and return how many. Errors: HubFault, some may be out."""
        await self._claim()
        waiting = await self._store.outbox(self._held, self._limits.events_max) if self._held else ()
        if not waiting:
            return 0
        chains = [self._chain(events) for events in _by_dossier(waiting)]
        results = await asyncio.gather(*chains)
        out = [event for result in results for event in result.events]
        ends: defaultdict[int, int] = defaultdict(int)
        for result in results:
            ends[result.partition] = max(ends[result.partition], result.end)
        if out:
            await self._store.published(out, {partition: end for partition, end in ends.items() if end})
        for result in results:
            if result.fault is not None:
                raise result.fault
        return len(out)

    async def _chain(self, events: Sequence[OutboxEvent]) -> "_Result":
        """Append the events of one dossier; the first that fails keeps the others back."""
        result = _Result(events[0].partition, [])
        try:
            for event in events:
                position = await self._log.append(EVENTS, event.ordering_key.encode(), event.value)
                result.events.append(event)
                result.end = position.offset + 1
        except HubFault as fault:
            result.fault = fault
        return result

    async def _claim(self) -> None:
        """Renew what is held before it runs out, and take over what has become free."""
        if self._clock.monotonic() < self._renew_at_s:
            return
        lease_s, now = self._limits.lease_s, self._clock.now()
        self._held = ()
        until = now + timedelta(seconds=lease_s)
        self._held = await self._store.claim(self._partitions, self._holder, now, until)
        self._renew_at_s = self._clock.monotonic() + lease_s / 3

    async def _wait(self) -> None:
        sleep = asyncio.ensure_future(self._clock.sleep(self._limits.idle_s))
        woken = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait({sleep, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            woken.cancel()


@dataclass(slots=True)
class _Result:
    """What came of the events of one dossier."""

    partition: int
    events: list[OutboxEvent]
    end: int = 0
    fault: HubFault | None = None


def _by_dossier(events: Iterable[OutboxEvent]) -> Collection[Sequence[OutboxEvent]]:
    groups: dict[str, list[OutboxEvent]] = {}
    for event in events:
        groups.setdefault(event.ordering_key, []).append(event)
    return groups.values()
