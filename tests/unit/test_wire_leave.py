"""Leave is asked when the bytes of a request are about to go out: refused, the platform sees none of them."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import httpx
import pytest

from adapters.wire.client import WireClient, make_client
from adapters.wire.exchange import Answer, exchange
from adapters.wire.settings import WireSettings
from hub.errors import NotOurs, NotSent
from hub.ports import LEAVE

REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OK = Answer(200, "", b"ok")
SMALL, LARGE = b"private", b"x" * 3_000_000


class Server:
    """Answers every request of a known size, and counts connections and bytes."""

    def __init__(self) -> None:
        self.connections = 0
        self.bytes = 0
        self.requests = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take whatever comes on one connection."""
        self.connections += 1
        held = bytearray()
        while piece := await reader.read(65536):
            self.bytes += len(piece)
            held += piece
            if self._whole(held):
                self.requests += 1
                held.clear()
                writer.write(REPLY)
        writer.close()

    @staticmethod
    def _whole(held: bytearray) -> bool:
        head, end, body = held.partition(b"\r\n\r\n")
        return bool(end) and len(body) == int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A server on a free port."""
    server = Server()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    async with listener:
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/path"
        yield server


@contextmanager
def asking(question: Callable[[], None]) -> Iterator[None]:
    """Have a question asked of every request."""
    asked = LEAVE.set(question)
    try:
        yield
    finally:
        LEAVE.reset(asked)


def refuse() -> None:
    """Say no."""
    raise NotOurs("partition 0 is not certainly ours")


@pytest.fixture
async def client() -> AsyncIterator[WireClient]:
    """A client with short bounds."""
    short = {"plain_http": True, "connect_timeout_s": 1, "ready_timeout_s": 1, "read_timeout_s": 2, "deadline_s": 3}
    made = make_client(WireSettings.model_validate(short))
    yield made
    await made.aclose()
    gc.collect()  # anything left open would warn here, and warnings are errors


async def post(client: WireClient, url: str, content: bytes) -> Answer:
    """One POST."""
    deadline = asyncio.get_running_loop().time() + 3
    return await exchange(client, "POST", url, headers={}, content=content, deadline=deadline, reply_bytes_max=1024)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_without_leave_a_new_connection_carries_nothing(client: WireClient, content: bytes) -> None:
    """The caller is told why, and not that the platform failed; the next request goes out as ever."""
    async with serving() as server:
        with asking(refuse), pytest.raises(NotOurs):
            await post(client, server.url, content)
        await asyncio.sleep(0.05)
        assert (1, 0) == (server.connections, server.bytes)

        assert OK == await post(client, server.url, content)
        assert 1 == server.requests


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_without_leave_a_kept_connection_carries_nothing_more(client: WireClient, content: bytes) -> None:
    """What went out before is all that the platform has seen; the next request goes out as ever."""
    async with serving() as server:
        assert OK == await post(client, server.url, content)
        seen = server.bytes
        with asking(refuse), pytest.raises(NotOurs):
            await post(client, server.url, content)
        await asyncio.sleep(0.05)
        assert (1, seen) == (server.connections, server.bytes)

        assert OK == await post(client, server.url, content)
        assert 2 == server.requests


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_leave_is_asked_once_for_each_request(client: WireClient, content: bytes) -> None:
    """Before its first byte, on new and on kept connections."""
    seen: list[int] = []
    async with serving() as server:
        with asking(lambda: seen.append(server.bytes)):
            await post(client, server.url, content)
            one_request = server.bytes
            await post(client, server.url, content)
    assert [0, one_request] == seen


async def test_leave_is_not_asked_before_there_is_a_connection(client: WireClient) -> None:
    """A handshake can take seconds, in which the work may become somebody else's: what was answered before is void."""
    asked: list[str] = []
    async with serving() as server:
        gone = server.url
    with asking(lambda: asked.append("asked")), pytest.raises(NotSent):
        await post(client, gone, SMALL)
    assert [] == asked


async def test_without_leave_what_stands_for_the_network_is_not_asked() -> None:
    """A transport in the place of the network sees no request."""
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200)

    client = make_client(WireSettings(), httpx.MockTransport(handle))
    with asking(refuse), pytest.raises(NotOurs):
        await post(client, "https://platform.example/x", SMALL)
    await client.aclose()
    assert [] == requests
