"""The newest status events in memory, read from the log once for all readers of a process."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

import orjson

from hub.ending import ended
from hub.errors import HubFault
from hub.ports import Bounds, Clock, Log, Record
from hub.telemetry import logger
from schemas.agency import AgencyCode
from schemas.topics import EVENTS

_READ_RECORDS = 500
_RETRY_S = 1.0
_log = logger("ingress")


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event as it lies in the log, with what readers are chosen by."""

    partition: int
    offset: int
    type: str
    agency: AgencyCode
    value: bytes


@dataclass(frozen=True, slots=True)
class EventSlice:
    """Some events of one partition, and the offset after what was looked at."""

    lines: Sequence[EventLine]
    next_offset: int


class EventTail:
    """Follows `hub.events` from the first reader on, and keeps the last `lines_max` events of each partition.

    Whoever reads further back reads the log. Nothing is kept per reader.
    """

    def __init__(self, log: Log, clock: Clock, *, lines_max: int = 2000, idle_s: float = 0.5) -> None:
        self._log = log
        self._clock = clock
        self._lines_max = lines_max
        self._idle_s = idle_s
        self._rings: dict[int, _Ring] = {}
        self._following: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()

    @property
    def partitions(self) -> int:
        """How many partitions there are."""
        return self._log.partitions(EVENTS)

    async def bounds(self) -> Sequence[Bounds]:
        """Return what each partition holds."""
        return [await self._log.bounds(EVENTS, partition) for partition in range(self.partitions)]

    async def read(self, partition: int, offset: int, records_max: int) -> EventSlice:
        """Return events of a partition from an offset on; does not wait. Errors: HubFault."""
        ring = self._rings.get(partition)
        if ring is not None and ring.start <= offset:
            return ring.read(offset, records_max)
        records = await self._log.read(EVENTS, partition, offset, records_max)
        return EventSlice(_lines(records), records[-1].offset + 1 if records else offset)

    def follow(self) -> asyncio.Event:
        """Follow the log, if that is not done yet, and return what is set as soon as there is more to read."""
        if self._following is None or self._following.done():
            if self._following is not None and not self._following.cancelled():
                _log.error("events_not_followed", exc_info=self._following.exception())
            self._rings.clear()
            self._following = asyncio.get_running_loop().create_task(self._follow())
        return self._moved

    async def aclose(self) -> None:
        """Stop following; readers that wait are woken."""
        if self._following is not None:
            await ended(self._following)
        self._wake()

    async def _follow(self) -> None:
        while True:
            try:
                if not await self._advance():
                    await self._log.wait(EVENTS, self._idle_s)
            except HubFault as fault:
                _log.warning("events_wait", code=fault.problem_code)
                await self._clock.sleep(_RETRY_S)

    async def _advance(self) -> int:
        """Read what was appended. Return how many records there were."""
        moved = 0
        for partition in range(self.partitions):
            ring = self._rings.get(partition)
            if ring is None:
                end = (await self._log.bounds(EVENTS, partition)).end
                ring = self._rings[partition] = _Ring(end, self._lines_max)
            records = await self._log.read(EVENTS, partition, ring.end, _READ_RECORDS)
            if records:
                ring.push(_lines(records), records[-1].offset + 1)
                moved += len(records)
        if moved:
            self._wake()
        return moved

    def _wake(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()


class _Ring:
    """The events of one partition from `start` up to, not including, `end`."""

    def __init__(self, end: int, lines_max: int) -> None:
        self.start = self.end = end
        self._lines_max = lines_max
        self._lines: deque[EventLine] = deque()

    def push(self, lines: Sequence[EventLine], end: int) -> None:
        """Add what follows; the oldest make room."""
        self._lines.extend(lines)
        self.end = end
        while len(self._lines) > self._lines_max:
            self.start = self._lines.popleft().offset + 1

    def read(self, offset: int, lines_max: int) -> EventSlice:
        """Return the events from an offset on, which is not before `start`."""
        behind = 0
        for line in reversed(self._lines):
            if line.offset < offset:
                break
            behind += 1
        first = len(self._lines) - behind
        found = list(islice(self._lines, first, first + lines_max))
        whole = len(found) == behind
        return EventSlice(found, max(offset, self.end) if whole else found[-1].offset + 1)


def _lines(records: Sequence[Record]) -> list[EventLine]:
    lines = []
    for record in records:
        try:
            said = orjson.loads(record.value)
            line = EventLine(
                record.partition, record.offset, said["type"], _agency(said["agency"]), _one_line(record.value)
            )
        except (ValueError, KeyError, TypeError):
            _log.error("record_unreadable", topic=EVENTS, partition=record.partition, offset=record.offset)
        else:
            lines.append(line)
    return lines


def _one_line(value: bytes) -> bytes:
    """Return JSON on one line; that is how the hub writes it."""
    return value if b"\n" not in value else orjson.dumps(orjson.loads(value))


@lru_cache(maxsize=4096)
def _agency(code: str) -> AgencyCode:
    return AgencyCode.parse(code)
