"""A road between two processes that goes bad on command, each time for a bounded time.

It carries the bytes of TCP connections (of a Unix socket, where the far end has one), and knows nothing of what they
say. What it still holds when the caller is gone is never delivered: a request that arrives long after its sender died
is a fault of its own kind, which no caller can tell from one that never arrived (docs/adr/0005).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from tests.chaos.carriage import Carriage, End
from tests.chaos.road_fault import Bad, RoadFault

_HOST = "127.0.0.1"
_BACKLOG = 512
_CONNECT_S_MAX = 5.0


class FaultProxy:
    """A listening port in front of `target`, (host, port) or the path of a socket; one fault at a time."""

    def __init__(self, target: tuple[str, int] | Path, port: int = 0) -> None:
        self._target = target
        self._port = port
        self._keeper: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._carriages: set[Carriage] = set()
        self._turn = asyncio.Lock()
        self.fault: RoadFault | None = None
        self.carried = 0

    @property
    def port(self) -> int:
        """Where it listens; known once it is open."""
        return self._port

    @property
    def address(self) -> str:
        """The same for clients of HTTP."""
        return f"http://{_HOST}:{self._port}"

    async def open(self) -> None:
        """Listen. OSError when somebody else has the port."""
        if self._keeper is None:
            self._keeper = self._bound()
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, sock=self._bound(), backlog=_BACKLOG)

    async def aclose(self) -> None:
        """Cut everything and give the port back."""
        self._shut()
        self._cut_all()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    async def suffer(self, fault: RoadFault) -> None:
        """Be bad for as long as ordered, then whole again; a second order waits for the end of the first."""
        async with self._turn:
            await self._begin(fault)
            try:
                await asyncio.sleep(fault.for_s)
            finally:
                await self._end()

    async def _begin(self, fault: RoadFault) -> None:
        self.fault = fault
        match fault.kind:
            case Bad.REFUSED:
                self._shut()
                self._cut_all()
            case Bad.CUT:
                self._cut_all()
            case Bad.HALF_OPEN:
                for carriage in self._carriages:
                    carriage.deafen()
            case _:
                pass

    async def _end(self) -> None:
        fault, self.fault = self.fault, None
        for carriage in list(self._carriages):
            carriage.whole_again()
        if fault is not None and fault.kind is Bad.REFUSED:
            await self.open()

    def _accept(self) -> End:
        fault = self.fault
        carriage = Carriage(self._connect, lambda: self.fault, self._carriages.discard)
        self._carriages.add(carriage)
        self.carried += 1
        if fault is not None and fault.kind is Bad.HALF_OPEN:
            carriage.deafen()
        if fault is not None and fault.kind is Bad.CUT:
            asyncio.get_running_loop().call_later(fault.delay_s, carriage.cut)
        return carriage.near

    async def _connect(self, factory: Callable[[], End]) -> None:
        loop = asyncio.get_running_loop()
        target = self._target
        made: Awaitable[object]
        if isinstance(target, Path):
            made = loop.create_unix_connection(factory, str(target))
        else:
            made = loop.create_connection(factory, *target)
        async with asyncio.timeout(_CONNECT_S_MAX):
            await made

    def _shut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def _cut_all(self) -> None:
        for carriage in list(self._carriages):
            carriage.cut()

    def _bound(self) -> socket.socket:
        """Bind a socket; one that does not listen keeps the port while nothing does."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((_HOST, self._port))
            bound.setblocking(False)  # noqa: FBT003 - positional only
        except OSError:
            bound.close()
            raise
        self._port = cast("int", bound.getsockname()[1])
        return bound
