"""The server that holds an application open, on a socket that is bound before anything else starts."""

import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.applications import Starlette

from hub.app.connection import Connection
from hub.errors import ConfigInvalid
from hub.settings.sections import Listen


class Server(uvicorn.Server):
    """uvicorn on a socket that is bound already, and without signal handlers: whoever serves decides when it ends."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket) -> None:
        super().__init__(config)
        self._bound = bound

    @property
    def place(self) -> dict[str, str | int]:
        """Where it listens, as logs show it."""
        if self._bound.family == socket.AF_UNIX:
            return {"file": str(self._bound.getsockname())}
        host, port = self._bound.getsockname()[:2]
        return {"host": host, "port": port}

    async def run_bound(self) -> None:
        """Serve until `should_exit` is set."""
        await self.serve(sockets=[self._bound])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def bind(listen: Listen) -> socket.socket:
    """Return a bound socket. ConfigInvalid when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((listen.host, listen.port))
    except OSError as error:
        bound.close()
        raise ConfigInvalid(f"cannot listen on {listen.host}:{listen.port}: {error.strerror}") from None
    return bound


def new_server(app: Starlette, bound: socket.socket, requests_max: int, drain_s: float) -> Server:
    """Return a server that refuses connections past a bound and gives requests some time when it ends."""
    return Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=requests_max * 4,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=max(1, round(drain_s)),
        ),
        bound,
    )
