"""Connections, over real sockets: what nobody asked for does not stay, and what somebody asked for is not disturbed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from hub.app.connection import HEAD_BYTES_MAX, Connection
from hub.app.server import Server, bind
from hub.settings.sections import Listen
from tests.e2e.raw import exchange, head

WAIT_S = 1
CLOSED_S_MAX = WAIT_S + 3.0
GET = head("GET", "/")


class App:
    """Answers after `delay_s`, without reading the body; `headers` are those of the last request."""

    delay_s = 0.0
    headers: list[tuple[bytes, bytes]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await asyncio.sleep(self.delay_s)
        self.headers = scope["headers"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def served(app: App) -> AsyncIterator[str]:
    """Serve the application and yield its address."""
    bound = bind(Listen(host="127.0.0.1", port=0))
    config = uvicorn.Config(app, http=Connection, timeout_keep_alive=WAIT_S, lifespan="off", log_config=None)
    server = Server(config, bound)
    bound.listen()  # so that the first connection need not wait for the server
    serving = asyncio.create_task(server.run_bound())
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def closed(address: str, *pieces: bytes) -> bool:
    """Send pieces and keep the connection open; whether the other side closes it soon."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        async with asyncio.timeout(CLOSED_S_MAX):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0.05)
            while await reader.read(65536):
                pass
            return True
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    finally:
        writer.close()


HELD_OPEN = {
    "nothing": [],
    "blank lines": [b"\r\n", b"\r\n"],
    "half a head": [GET[:-4]],
    "a byte at a time": [GET[:4], GET[4:6], GET[6:9]],
    "half a second head": [GET, GET[:-4]],
    "a body without end": [head("POST", "/", Content_Length="1000000"), b"x", b"y"],
    "trailers without end": [head("POST", "/", Transfer_Encoding="chunked"), b"0\r\n", b"a: b\r\n", b"c: d\r\n"],
}


async def test_what_holds_a_connection_open_is_cut_off() -> None:
    """A connection on which no request is under way ends, whatever is said on it."""
    async with served(App()) as address:
        ended = await asyncio.gather(*(closed(address, *pieces) for pieces in HELD_OPEN.values()))

    assert dict.fromkeys(HELD_OPEN, True) == dict(zip(HELD_OPEN, ended, strict=True))


async def test_a_request_that_takes_long_is_not_disturbed() -> None:
    """Neither by its own length, nor by half of the next request behind it."""
    app = App()
    app.delay_s = WAIT_S * 1.5
    async with served(app) as address:
        answer = await exchange(address, GET, GET[:-4])

    assert answer is not None
    assert 200 == answer.status


@pytest.mark.parametrize("line", [b"a: b\r\n", b"a: " + b"b" * 60_000 + b"\r\n"], ids=["many", "long"])
async def test_a_head_has_a_size(line: bytes) -> None:
    """However its bytes are cut into headers: 400, and the connection is closed."""
    async with served(App()) as address:
        answer = await exchange(address, GET[:-2], *[line * (200_000 // len(line))] * 10)

    assert answer is not None
    assert (400, "close") == (answer.status, answer.headers["connection"])


async def test_one_header_without_end_has_a_size() -> None:
    """Although no header is ever complete."""
    async with served(App()) as address:
        answer = await exchange(address, GET[:-2] + b"a: ", *[b"b" * HEAD_BYTES_MAX] * 10)

    assert answer is not None
    assert 400 == answer.status


async def test_headers_behind_a_body_are_passed_over() -> None:
    """A trailer cannot add to what was judged."""
    app = App()
    app.delay_s = 0.2
    async with served(app) as address:
        body = b"2\r\n{}\r\n0\r\nauthorization: Bearer x\r\n\r\n"
        await exchange(address, head("POST", "/", Transfer_Encoding="chunked"), body)

    assert [(b"host", b"hub"), (b"transfer-encoding", b"chunked")] == app.headers


async def test_requests_one_after_the_other_are_served() -> None:
    """Two in one packet, with a large but lawful head."""
    async with served(App()) as address:
        host, _, port = address.removeprefix("http://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head("GET", "/", Cookie="x" * 40_000) + GET + head("GET", "/", Connection="close"))
        async with asyncio.timeout(5):
            said = await reader.read()
        writer.close()

    assert 3 == said.count(b"HTTP/1.1 200 OK")
