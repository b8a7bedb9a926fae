"""Connections that nobody can hold open: uvicorn's HTTP/1.1 with bounds on what comes before a request.

uvicorn bounds neither the size of a request's head nor the time that it takes, and a body whose request was answered
early may go on for ever. Here each ends with the connection (RFC 9112, 9.5 and 9.6).
"""

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_BYTES_MAX = 64 * 1024


class Connection(HttpToolsProtocol):
    """One connection. What is no part of a request under way may last `timeout_keep_alive`, a head `HEAD_BYTES_MAX`.

    Bytes are counted by reads, so that one read may come on top. Headers behind a body are passed over, for nobody
    looked at them when the request was judged.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._in_head = False
        self._head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Start the wait for a first request."""
        super().connection_made(transport)
        self._start_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the wait."""
        self._end_wait()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, and judge what is left over when no request is under way."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX and not self.transport.is_closing():
                self.send_400_response("Request head too large.")
        if self._in_head or self._idle:
            self._start_wait()

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._in_head = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the head."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin a request."""
        super().on_headers_complete()
        self._in_head = False
        self._end_wait()

    @property
    def _idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _start_wait(self) -> None:
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.timeout_keep_alive, self._waited)

    def _waited(self) -> None:
        """Close, unless an earlier request of the connection is still under way."""
        self._deadline = None
        if self._idle:
            self.transport.close()
        else:
            self._start_wait()

    def _end_wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
