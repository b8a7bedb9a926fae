"""Status events for callers: as a stream (Server-Sent Events, WHATWG HTML 9.2) and in batches."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from hub.access import Grants, Principal
from hub.errors import BrokenRule, CallerError, HubFault, Invalid, Overloaded
from hub.ingress.event_bookmark import END, START, read_bookmark, write_bookmark
from hub.ingress.event_tail import EventLine, EventTail
from hub.ports import Clock
from hub.telemetry import Metrics, logger
from schemas.agency import AgencyCode

LAST_EVENT_ID = "Last-Event-ID"
EVENT_STREAM = "text/event-stream"
BATCH_MAX = 1000
BATCH_DEFAULT = 100
_SCAN_RECORDS_MAX = 10_000
_RETRY_S = 1.0
_log = logger("ingress")


@dataclass(frozen=True, slots=True)
class StreamLimits:
    """Bounds of the streams of one process. A reader that takes nothing for `send_s` is cut; it can resume.

    A stream ends after `stream_s_max`: whoever resumes shows its key again, and processes share readers anew.
    """

    readers_max: int = 200
    readers_per_system_max: int = 8
    heartbeat_s: float = 15.0
    send_s: float = 10.0
    stream_s_max: float = 3600.0
    lines_max: int = 100
    retry_ms: int = 3000


class EventStreams:
    """Tells callers what happens to the dossiers of the agencies that they have a grant for."""

    def __init__(
        self, tail: EventTail, grants: Grants, clock: Clock, metrics: Metrics, limits: StreamLimits | None = None
    ) -> None:
        self._tail = tail
        self._grants = grants
        self._clock = clock
        self._metrics = metrics
        self._limits = limits or StreamLimits()
        self._readers: Counter[Principal] = Counter()
        self._closed = asyncio.Event()

    async def stream(self, principal: Principal, last_event_id: str | None, after: str | None) -> Response:
        """Return a stream from a position on: after the last event seen, or from `after`, or from now on.

        Errors: Forbidden, Invalid, CallerError (`caller.gone`, `caller.rate`), Overloaded, HubFault.
        """
        scope = self._grants.event_scope(principal)
        field, text = (LAST_EVENT_ID, last_event_id) if last_event_id is not None else ("after", _or(after, END))
        offsets = await self._position(text, field)
        self._enter(principal)
        return _Stream(self._chunks(offsets, scope), self._limits.send_s, lambda: self._leave(principal))

    async def batch(self, principal: Principal, after: str | None, limit: str | None) -> bytes:
        """Return the next events from a position on, as the JSON of an `EventBatch`. Errors as those of `stream`."""
        scope = self._grants.event_scope(principal)
        events_max = _limit(limit)
        offsets = await self._position(_or(after, START), "after")
        values = await self._gather(offsets, scope, events_max)
        bounds = await self._tail.bounds()
        more = any(offset < bound.end for offset, bound in zip(offsets, bounds, strict=True))
        ends = f'],"next":"{write_bookmark(offsets)}","more":{str(more).lower()}}}'
        return b'{"events":[' + b",".join(values) + ends.encode()

    async def _gather(self, offsets: list[int], scope: Sequence[AgencyCode], events_max: int) -> list[bytes]:
        """Return the next events; offsets move on. Partitions take turns, the one with most to tell first."""
        bounds = await self._tail.bounds()
        turns = deque(sorted(range(len(offsets)), key=lambda partition: offsets[partition] - bounds[partition].end))
        share = -(-events_max // len(offsets))
        values: list[bytes] = []
        room = _SCAN_RECORDS_MAX
        while turns and len(values) < events_max and room > 0:
            partition = turns.popleft()
            found = await self._tail.read(partition, offsets[partition], min(share, events_max - len(values)))
            if found.next_offset > offsets[partition]:
                turns.append(partition)
            room -= found.next_offset - offsets[partition]
            offsets[partition] = found.next_offset
            values.extend(line.value for line in found.lines if _concerns(scope, line))
        return values

    async def aclose(self) -> None:
        """End every stream; readers resume elsewhere."""
        self._closed.set()
        await self._tail.aclose()

    async def _position(self, text: str, field: str) -> list[int]:
        bounds = await self._tail.bounds()
        if text in (START, END):
            return [bound.start if text == START else bound.end for bound in bounds]
        offsets = read_bookmark(text, len(bounds), field)
        if any(offset > bound.end for offset, bound in zip(offsets, bounds, strict=True)):
            raise Invalid([BrokenRule(field, "range")])
        if any(offset < bound.start for offset, bound in zip(offsets, bounds, strict=True)):
            raise CallerError("events no longer kept", code="caller.gone")
        return offsets

    def _enter(self, principal: Principal) -> None:
        if self._readers.total() >= self._limits.readers_max or self._closed.is_set():
            raise Overloaded("too many readers of events", retry_after_s=30)
        if self._readers[principal] >= self._limits.readers_per_system_max:
            raise CallerError("too many readers of one system", code="caller.rate", retry_after_s=30)
        self._readers[principal] += 1
        self._metrics.event_streams.set(self._readers.total())

    def _leave(self, principal: Principal) -> None:
        self._readers[principal] -= 1
        self._readers += Counter()  # forgets those at zero
        self._metrics.event_streams.set(self._readers.total())

    async def _chunks(self, offsets: list[int], scope: Sequence[AgencyCode]) -> AsyncIterator[bytes]:
        """Yield events as they come, and a sign of life with the position when there are none for a while."""
        yield f"retry: {self._limits.retry_ms}\n{_beat(offsets)}".encode()
        end_s = self._clock.monotonic() + self._limits.stream_s_max
        beat_at_s = self._clock.monotonic() + self._limits.heartbeat_s
        while not self._closed.is_set() and self._clock.monotonic() < end_s:
            moved = self._tail.follow()
            try:
                chunk, progress = await self._next(offsets, scope)
            except HubFault as fault:
                _log.warning("events_wait", code=fault.problem_code)
                chunk, progress = b"", False
                await self._clock.sleep(_RETRY_S)
            if not chunk and self._clock.monotonic() >= beat_at_s:
                chunk = _beat(offsets).encode()
            if chunk:
                yield chunk
                beat_at_s = self._clock.monotonic() + self._limits.heartbeat_s
            elif not progress:
                await self._wait(moved, min(beat_at_s, end_s) - self._clock.monotonic())

    async def _next(self, offsets: list[int], scope: Sequence[AgencyCode]) -> tuple[bytes, bool]:
        """Return the next events of every partition as text, and whether anything was read; offsets move on."""
        text: list[bytes] = []
        progress = False
        for partition in range(len(offsets)):
            found = await self._tail.read(partition, offsets[partition], self._limits.lines_max)
            for line in found.lines:
                if _concerns(scope, line):
                    offsets[partition] = line.offset + 1
                    text.append(_told(line, offsets))
            progress |= found.next_offset > offsets[partition] or bool(found.lines)
            offsets[partition] = found.next_offset
        return b"".join(text), progress

    async def _wait(self, moved: asyncio.Event, wait_s: float) -> None:
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(event.wait()) for event in (moved, self._closed)]
        waits.append(asyncio.ensure_future(self._clock.sleep(max(wait_s, 0.001))))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class _Stream(Response):
    """Sends chunks until they end, the reader leaves, or takes nothing for too long."""

    media_type = EVENT_STREAM

    def __init__(self, chunks: AsyncIterator[bytes], send_s: float, left: Callable[[], None]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})  # proxies hold streams back otherwise
        del self.headers["content-length"]
        self._chunks = chunks
        self._send_s = send_s
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the ASGI interface
        """Serve the stream."""
        sending = asyncio.ensure_future(self._serve(send))
        leaving = asyncio.ensure_future(_leave(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._left()
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        if not sending.cancelled():
            sending.result()  # what was not foreseen is for the gate to report

    async def _serve(self, send: Send) -> None:
        try:
            async with asyncio.timeout(self._send_s):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async for chunk in self._chunks:
                async with asyncio.timeout(self._send_s):
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            _log.info("event_reader_cut")


async def _leave(receive: Receive) -> None:
    """Return when the reader has left."""
    while (await receive())["type"] != "http.disconnect":
        continue


def _or(given: str | None, default: str) -> str:
    """Return what was given, be it empty, or the default when nothing was."""
    return default if given is None else given


def _limit(text: str | None) -> int:
    """Return how many events are wanted. Invalid when it is no number from 1 to BATCH_MAX."""
    if text is None:
        return BATCH_DEFAULT
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(BATCH_MAX)) else 0
    if not 1 <= number <= BATCH_MAX:
        raise Invalid([BrokenRule("limit", "range")])
    return number


def _concerns(scope: Sequence[AgencyCode], line: EventLine) -> bool:
    return any(agency.covers(line.agency) for agency in scope)


def _told(line: EventLine, offsets: Sequence[int]) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (write_bookmark(offsets).encode(), line.type.encode(), line.value)


def _beat(offsets: Sequence[int]) -> str:
    """Return a comment and an id without an event: browsers and clients keep the id."""
    return f": beat\nid: {write_bookmark(offsets)}\n\n"
