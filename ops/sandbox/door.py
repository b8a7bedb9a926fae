"""A listening port that can really be closed and opened again, on uvicorn's HTTP protocol."""

import asyncio
import socket
from typing import Any, cast

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

_KEEP_ALIVE_S = 75
_CLOSE_ROUNDS_MAX = 200
_BACKLOG = 2048


class Wire:
    """The connection under a request, as the application finds it in `scope["extensions"]["sandbox"]`.

    `name` is the client's address and port. `down` is set when the door is shut over the connection.
    """

    __slots__ = ("_transport", "down", "name")

    def __init__(self, transport: asyncio.Transport, down: asyncio.Event) -> None:
        self._transport = transport
        self.down = down
        peer = transport.get_extra_info("peername")
        self.name = f"{peer[0]}:{peer[1]}" if peer else "unknown"

    def cut(self) -> None:
        """Drop the connection at once, with whatever was not sent."""
        self._transport.abort()

    def hang_up(self) -> None:
        """Close the connection once what was written has been sent."""
        self._transport.close()


class WiredProtocol(HttpToolsProtocol):
    """uvicorn's protocol that also hands the application its connection."""

    def __init__(self, config: Config, server_state: "DoorState", app_state: dict[str, Any]) -> None:
        super().__init__(config=config, server_state=server_state, app_state=app_state)
        self.access_log = False
        self._down = server_state.down

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Remember the connection."""
        super().connection_made(transport)
        self._extensions = {"sandbox": Wire(transport, self._down)}

    def on_message_begin(self) -> None:
        """Put the connection into the scope of the request."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = self._extensions


class DoorState(ServerState):
    """What the connections of one opening share."""

    def __init__(self) -> None:
        super().__init__()
        self.down = asyncio.Event()


class Door:
    """One port of one application. Port 0 chooses a free one, which is then kept through closings."""

    def __init__(self, app: ASGIApp, port: int, host: str = "127.0.0.1") -> None:
        self._config = Config(
            cast("Any", app),
            http=WiredProtocol,
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            ws="none",
            timeout_keep_alive=_KEEP_ALIVE_S,
        )
        self._host = host
        self._port = port
        self._keeper: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._state = DoorState()
        self._turn = asyncio.Lock()

    @property
    def address(self) -> str:
        """Where clients reach the application."""
        return f"http://{self._host}:{self._port}"

    @property
    def is_open(self) -> bool:
        """Whether the port listens."""
        return self._server is not None

    async def open(self) -> None:
        """Listen. OSError when somebody else has the port."""
        async with self._turn:
            if self._server is None:
                self._server = await self._listen()

    async def shut(self) -> None:
        """Stop listening and cut every connection. The port stays ours."""
        async with self._turn:
            server, self._server = self._server, None
            if server is None:
                return
            server.close()
            for connection in list(self._state.connections):
                cast("WiredProtocol", connection).transport.abort()
            self._state.down.set()
            await self._settle()
            await server.wait_closed()

    async def aclose(self) -> None:
        """Shut for good and give the port back."""
        await self.shut()
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None

    async def _listen(self) -> asyncio.Server:
        if self._keeper is None:
            self._keeper = self._bound()
        if not self._config.loaded:
            self._config.load()
        self._state = DoorState()
        listener = self._bound()
        loop = asyncio.get_running_loop()
        return await loop.create_server(self._protocol, sock=listener, backlog=_BACKLOG)

    def _protocol(self) -> WiredProtocol:
        return WiredProtocol(self._config, self._state, {})

    def _bound(self) -> socket.socket:
        """Bind a socket; one that is bound and does not listen keeps the port while the door is shut."""
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio then sets TCP_NODELAY
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((self._host, self._port))
            bound.setblocking(False)  # noqa: FBT003  # positional only
        except OSError as error:
            bound.close()
            raise OSError(error.errno, f"{self._host}:{self._port}: {error.strerror}") from None
        self._port = bound.getsockname()[1]
        return bound

    async def _settle(self) -> None:
        """Let the connections and the requests on them end; both do so within a few turns of the loop."""
        for turn in range(_CLOSE_ROUNDS_MAX):
            if not self._state.connections and not self._state.tasks:
                return
            await asyncio.sleep(0.005 if turn else 0)
        stubborn = list(self._state.tasks)
        for task in stubborn:
            task.cancel()
        if stubborn:
            await asyncio.wait(stubborn)
