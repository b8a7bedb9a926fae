"""One connection that is carried over a bad road: two ends, and what is on its way between them."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

from tests.chaos.road_fault import Bad, RoadFault

_HELD_BYTES_MAX = 1 << 20


class Carriage:
    """Both ends of one connection. `fault` tells what is wrong with the road at this moment."""

    def __init__(
        self,
        connect: Callable[[Callable[[], "End"]], Awaitable[None]],
        fault: Callable[[], RoadFault | None],
        gone: Callable[["Carriage"], None],
    ) -> None:
        self.fault = fault
        self.near = End(self, replies=False)
        self.far = End(self, replies=True)
        self.near.other, self.far.other = self.far, self.near
        self.deaf = False
        self.reached = asyncio.Event()
        self.passed_bytes = 0
        self._connect = connect
        self._gone = gone
        self._connecting: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Reach the far end; what the near one says before that is kept for it."""
        if not self.deaf:
            self._connecting = asyncio.create_task(self._reach())

    async def _reach(self) -> None:
        try:
            await self._connect(lambda: self.far)
        except (OSError, TimeoutError):
            self.cut()
            return
        if self.near.transport is None or self.near.transport.is_closing():
            self.cut()
        else:
            self.reached.set()

    def deafen(self) -> None:
        """Let nothing through any more. The far end sees the connection end, the near one sees nothing."""
        self.deaf = True
        self.near.forget()
        self.far.forget()
        self.far.abort()

    def whole_again(self) -> None:
        """The road is good: what could no longer work ends."""
        if self.deaf or self.near.ended or self.far.ended:
            self.cut()

    def ended(self, end: "End") -> None:
        """One end is closed. What the far one said is still brought; what the near one said is dropped."""
        fault = self.fault()
        lost = fault is not None and fault.kind is Bad.LOST_END
        if self.near.ended and self.far.ended:
            self._gone(self)
        elif self.deaf or lost:
            end.other.swallow()
        elif end is self.near:
            end.forget()
            self.cut()
        else:
            end.finish()

    def cut(self) -> None:
        """Drop the connection, with whatever is on its way."""
        if self._connecting is not None:
            self._connecting.cancel()
        for end in (self.near, self.far):
            end.forget()
            end.abort()
        self._gone(self)


class End(asyncio.Protocol):
    """One end; what it receives goes out at the other. `replies` says that it is the far one."""

    other: "End"

    def __init__(self, carriage: Carriage, *, replies: bool) -> None:
        self.transport: asyncio.Transport | None = None
        self.ended = False
        self._carriage = carriage
        self._replies = replies
        self._swallows = False
        self._held: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._pump: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The near end makes the far one."""
        self.transport = cast("asyncio.Transport", transport)
        if not self._replies:
            self._carriage.begin()

    def data_received(self, data: bytes) -> None:
        """Pass it on, at once on a good road."""
        if self._carriage.deaf or self._swallows:
            return
        if self._pump is None and self._carriage.fault() is None and self._carriage.reached.is_set():
            self.other.write(data)
            return
        self._held.append((asyncio.get_running_loop().time(), data))
        self._held_bytes += len(data)
        if self._held_bytes > _HELD_BYTES_MAX and self.transport is not None:
            self.transport.pause_reading()
        if self._pump is None:
            self._pump = asyncio.create_task(self._carry())

    def pause_writing(self) -> None:
        """Not listen to the other end while there is no room here."""
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        """Listen to it again."""
        self.other.listen()

    def connection_lost(self, _error: Exception | None) -> None:
        """See `Carriage.ended`."""
        self.ended = True
        self._carriage.ended(self)

    def listen(self) -> None:
        """Read on."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Say something at this end, if anybody is there."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def swallow(self) -> None:
        """Take what comes and bring it nowhere: the other end is gone, and this one is not told."""
        self._swallows = True
        self.listen()

    def forget(self) -> None:
        """Drop what is on its way from here."""
        self._held.clear()
        if self._pump is not None:
            self._pump.cancel()
            self._pump = None

    def finish(self) -> None:
        """Close the other end once everything is said there."""
        if self._pump is None and self.other.transport is not None:
            self.other.transport.close()

    def abort(self) -> None:
        """Close this end at once."""
        if self.transport is not None:
            self.transport.abort()

    async def _carry(self) -> None:
        await self._carriage.reached.wait()
        while self._held:
            since_s, data = self._held.popleft()
            await self._travel(since_s, data)
            self._held_bytes -= len(data)
            if self._held_bytes <= _HELD_BYTES_MAX:
                self.listen()
        self._pump = None
        if self.ended:
            self.finish()

    async def _travel(self, since_s: float, data: bytes) -> None:
        fault = self._carriage.fault()
        match fault.kind if fault is not None else None:
            case Bad.LATENCY if fault is not None:
                await asyncio.sleep(since_s + fault.delay_s - asyncio.get_running_loop().time())
                self.other.write(data)
            case Bad.DRIP if fault is not None and self._replies:
                await self._drip(fault, data)
            case Bad.TRUNCATED if fault is not None and self._replies:
                await self._cut_short(fault, data)
            case _:
                self.other.write(data)

    async def _drip(self, fault: RoadFault, data: bytes) -> None:
        for at in range(0, len(data), fault.bytes_max):
            if self._carriage.fault() is not fault:
                self.other.write(data[at:])
                return
            self.other.write(data[at : at + fault.bytes_max])
            await asyncio.sleep(fault.delay_s)

    async def _cut_short(self, fault: RoadFault, data: bytes) -> None:
        self.other.write(data[: fault.bytes_max - self._carriage.passed_bytes])
        self._carriage.passed_bytes += len(data)
        if self._carriage.passed_bytes >= fault.bytes_max:
            await asyncio.sleep(0)  # what was written leaves first
            self._carriage.cut()
