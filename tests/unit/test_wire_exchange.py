"""The road to a platform, against real sockets: either it did not act, or it may have acted."""

import asyncio
import gc
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import httpx
import pytest

from adapters.wire.client import WireClient, make_client, tls_context
from adapters.wire.exchange import Answer, exchange, judged
from adapters.wire.settings import WireSettings
from hub.errors import NotSent, PlatformFault, ReplyLost, ReplyUnreadable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 15\r\n\r\n"
BODY = b'{"answer":"ok"}'


def settings(**changes: object) -> WireSettings:
    """Short bounds for tests."""
    short = {"plain_http": True, "connect_timeout_s": 0.3, "ready_timeout_s": 0.5, "read_timeout_s": 0.3}
    return WireSettings.model_validate({**short, "deadline_s": 2, "reply_bytes_max": 1024, **changes})


async def post(client: httpx.AsyncClient, url: str, deadline_s: float = 2.0) -> Answer:
    """One POST of seven bytes."""
    assert isinstance(client, WireClient)
    deadline = asyncio.get_running_loop().time() + deadline_s
    return await exchange(
        client, "POST", url, headers={"x-test": "1"}, content=b"private", deadline=deadline, reply_bytes_max=1024
    )


async def request_of(reader: asyncio.StreamReader) -> bytes:
    """Read one request of `post`."""
    return await reader.readuntil(b"\r\n\r\n") + await reader.readexactly(7)


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[str]:
    """A server on a free port, whose connections do what `serve` says and are closed then."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(connection, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/path"


@pytest.fixture
async def client() -> AsyncIterator[WireClient]:
    """A client with short bounds."""
    made = make_client(settings())
    yield made
    await made.aclose()
    gc.collect()  # anything left open would warn here, and warnings are errors


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request and say nothing."""
    await request_of(reader)
    await reader.read()


async def cut_before_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request and hang up."""
    await request_of(reader)


async def cut_in_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up in the middle of the headers."""
    await request_of(reader)
    writer.write(HEAD[:30])


async def cut_after_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up after the headers."""
    await request_of(reader)
    writer.write(HEAD)


async def cut_in_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hang up in the middle of the body."""
    await request_of(reader)
    writer.write(HEAD + BODY[:9])


async def stall_in_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing more in the middle of the body."""
    await request_of(reader)
    writer.write(HEAD + BODY[:9])
    await reader.read()


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take the request and reset the connection."""
    await request_of(reader)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def reset_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection as soon as it is there."""
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    writer.transport.abort()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one request after the other."""
    while True:
        await request_of(reader)
        writer.write(HEAD + BODY)


async def test_a_whole_reply_is_returned(client: WireClient) -> None:
    """Status, media type and body come back as they were sent."""
    async with serving(answer) as url:
        assert Answer(200, "application/json", BODY) == await post(client, url)
        assert Answer(200, "application/json", BODY) == await post(client, url)


async def test_a_refused_connection_did_not_act(client: WireClient) -> None:
    """Nobody listens: nothing was sent."""
    with pytest.raises(NotSent):
        await post(client, f"http://127.0.0.1:{free_port()}/")


async def test_an_unknown_name_did_not_act(client: WireClient) -> None:
    """The name does not resolve: nothing was sent."""
    with pytest.raises(NotSent):
        await post(client, "http://nobody.invalid/")


async def test_a_full_backlog_did_not_act(client: WireClient) -> None:
    """The connection does not come about in time: nothing was sent."""
    with socket.socket() as deaf, socket.socket() as first, socket.socket() as second:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        first.connect(deaf.getsockname())
        second.settimeout(0)
        second.connect_ex(deaf.getsockname())
        with pytest.raises(NotSent):
            await post(client, f"http://127.0.0.1:{deaf.getsockname()[1]}/")


async def test_a_failed_handshake_did_not_act(client: WireClient) -> None:
    """TLS does not come about: nothing was sent."""
    async with serving(answer) as url:
        with pytest.raises(NotSent):
            await post(client, url.replace("http:", "https:"))


async def test_a_handshake_that_stalls_did_not_act(client: WireClient) -> None:
    """The peer is silent during the handshake: nothing was sent."""

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    async with serving(deaf) as url:
        with pytest.raises(NotSent):
            await post(client, url.replace("http:", "https:"))


async def test_a_full_pool_did_not_act() -> None:
    """All connections are busy: the request that waits in vain was not sent."""
    client = make_client(settings(connections_max=1, read_timeout_s=1.5))
    async with serving(stall) as url:
        busy = asyncio.create_task(post(client, url))
        await asyncio.sleep(0.1)
        with pytest.raises(NotSent):
            await post(client, url)
        with pytest.raises(ReplyLost):
            await busy
    await client.aclose()


async def test_plain_http_needs_a_word() -> None:
    """Without `plain_http` no http address is called."""
    client = make_client(settings(plain_http=False))
    async with serving(answer) as url:
        with pytest.raises(NotSent):
            await post(client, url)
        with pytest.raises(httpx.UnsupportedProtocol):
            await client.post(url)
    await client.aclose()


@pytest.mark.parametrize(
    "serve",
    [stall, cut_before_headers, cut_in_headers, cut_after_headers, cut_in_body, stall_in_body, reset, reset_at_once],
)
async def test_whatever_happens_after_sending_may_have_acted(client: WireClient, serve: Serve) -> None:
    """The request may have been read: only a whole reply says what came of it."""
    async with serving(serve) as url:
        with pytest.raises(ReplyLost):
            await post(client, url)


async def test_a_kept_connection_that_dies_with_the_request_may_have_acted(client: WireClient) -> None:
    """The second request meets a connection that the platform closes: nobody knows whether it was read."""

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(HEAD + BODY)
        await request_of(reader)

    async with serving(once) as url:
        assert BODY == (await post(client, url)).body
        with pytest.raises(ReplyLost):
            await post(client, url)


async def test_a_request_is_never_repeated_by_the_client(client: WireClient) -> None:
    """One call is one request on the wire, also over a kept connection that breaks."""
    seen = 0

    async def second_one_breaks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        while True:
            await request_of(reader)
            seen += 1
            if seen > 1:
                return
            writer.write(HEAD + BODY)

    async with serving(second_one_breaks) as url:
        await post(client, url)
        with pytest.raises(ReplyLost):
            await post(client, url)
    assert 2 == seen


async def test_a_connection_that_was_closed_while_idle_is_replaced(client: WireClient) -> None:
    """A connection known to be closed is not used; the request goes out on another one."""

    async def one_each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(HEAD + BODY)

    async with serving(one_each) as url:
        await post(client, url)
        await asyncio.sleep(0.05)
        assert BODY == (await post(client, url)).body


async def test_a_trickling_reply_ends_at_the_deadline(client: WireClient) -> None:
    """Bytes that keep coming do not stretch a call past its deadline."""

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(HEAD)
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.05)

    async with serving(trickle) as url:
        with pytest.raises(ReplyLost, match="deadline"):
            await post(client, url, deadline_s=0.4)


async def test_without_time_nothing_is_sent(client: WireClient) -> None:
    """A deadline that has passed already leaves the platform alone."""
    async with serving(answer) as url:
        with pytest.raises(NotSent):
            await post(client, url, deadline_s=0)


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n" + b"x" * 1024 + b"\r\n1\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n" + b"x" * 1025,
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nxyz",
    ],
)
async def test_what_is_not_a_reply_of_the_interface_is_unreadable(client: WireClient, reply: bytes) -> None:
    """Too long, not HTTP, or wrongly compressed: a reply came, and nobody can read it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(reply)
        await reader.read()

    async with serving(serve) as url:
        with pytest.raises(ReplyUnreadable):
            await post(client, url)


async def test_a_compressed_reply_is_read_though_nobody_asked_for_it(client: WireClient) -> None:
    """Some gateways compress whatever they are asked for."""
    packed = gzip.compress(BODY)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"accept-encoding: identity\r\n" in (await request_of(reader)).lower()
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        writer.write(head.encode() + packed)

    async with serving(serve) as url:
        assert BODY == (await post(client, url)).body


async def test_a_small_reply_that_unpacks_to_a_large_one_is_unreadable(client: WireClient) -> None:
    """The bound holds for what is unpacked, and unpacking stops there."""
    packed = gzip.compress(b"x" * 500_000)
    assert len(packed) < 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        writer.write(head.encode() + packed)

    async with serving(serve) as url:
        with pytest.raises(ReplyUnreadable):
            await post(client, url)


async def test_a_large_request_goes_out_whole(client: WireClient) -> None:
    """Three million bytes arrive as they were given."""
    arrived = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        assert b"content-length: 3000000\r\n" in (await reader.readuntil(b"\r\n\r\n")).lower()
        arrived = len(await reader.readexactly(3_000_000))
        writer.write(HEAD + BODY)

    async with serving(serve) as url:
        deadline = asyncio.get_running_loop().time() + 2
        await exchange(
            client, "POST", url, headers={}, content=b"x" * 3_000_000, deadline=deadline, reply_bytes_max=1024
        )
    assert 3_000_000 == arrived


async def test_a_closed_client_sends_nothing() -> None:
    """Who comes too late at the end of the process is told so."""
    client = make_client(settings())
    async with serving(answer) as url:
        await post(client, url)
        await client.aclose()
        with pytest.raises(NotSent):
            await post(client, url)


async def test_calls_leave_no_line_in_the_log(client: WireClient, caplog: pytest.LogCaptureFixture) -> None:
    """Addresses of platforms can carry identities, so nobody logs them."""
    caplog.set_level("DEBUG")
    async with serving(answer) as url:
        await post(client, url)
    assert [] == [record for record in caplog.records if record.name != "asyncio"]


async def test_the_client_serves_libraries_that_want_httpx(client: WireClient) -> None:
    """Requests in the httpx way use the same connections under the same rules."""
    async with serving(answer) as url:
        reply = await client.post(url, content=b"private")
    assert (200, {"answer": "ok"}) == (reply.status_code, reply.json())


async def test_a_transport_takes_the_place_of_the_network() -> None:
    """What it is asked and what it raises is what the network would be asked and raise."""
    said: list[httpx.Response | httpx.RequestError] = [
        httpx.Response(201, headers={"content-type": "Text/HTML; charset=x"}, text="a"),
        httpx.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"b")),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("nobody"),
    ]
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        reply = said[len(requests) - 1]
        if isinstance(reply, httpx.RequestError):
            raise reply
        return reply

    client = make_client(settings(plain_http=False), httpx.MockTransport(handle))
    assert Answer(201, "text/html", b"a") == await post(client, "https://platform.example/x")
    assert b"b" == (await post(client, "https://platform.example/x")).body
    with pytest.raises(ReplyLost):
        await post(client, "https://platform.example/x")
    with pytest.raises(NotSent):
        await post(client, "https://platform.example/x")
    with pytest.raises(NotSent):
        await post(client, "http://platform.example/x")
    await client.aclose()

    assert 4 == len(requests)
    assert ("POST", "1", "identity", b"private") == (
        requests[0].method,
        requests[0].headers["x-test"],
        requests[0].headers["accept-encoding"],
        requests[0].content,
    )


async def test_redirects_and_cookies_are_not_followed(client: WireClient) -> None:
    """A redirect is a reply like any other, and no cookie comes back."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            requests.append(await request_of(reader))
            writer.write(b"HTTP/1.1 302 Found\r\nSet-Cookie: a=b\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")

    async with serving(serve) as url:
        assert 302 == (await post(client, url)).status
        await post(client, url)
    assert 2 == len(requests)
    assert b"cookie" not in requests[1].lower()


async def test_no_error_repeats_what_was_sent(client: WireClient) -> None:
    """Neither the address nor the body shows in an error or in what it was raised from."""
    async with serving(cut_before_headers) as url:
        with pytest.raises(ReplyLost) as caught:
            await post(client, url + "/private")
    assert "private" not in f"{caught.value!r} {caught.value.__cause__!r}"


async def test_giving_up_passes_through(client: WireClient) -> None:
    """A caller that is cancelled is cancelled, not told of a lost reply."""
    async with serving(stall) as url:
        task = asyncio.create_task(post(client, url))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


AIOHTTP: dict[str, type[PlatformFault]] = {
    "ClientError": ReplyLost,
    "ClientConnectionError": ReplyLost,
    "ClientConnectionResetError": ReplyLost,
    "ClientOSError": ReplyLost,
    "ClientConnectorError": NotSent,
    "ClientConnectorDNSError": NotSent,
    "ClientProxyConnectionError": NotSent,
    "UnixClientConnectorError": NotSent,
    "ClientSSLError": NotSent,
    "ClientConnectorSSLError": NotSent,
    "ClientConnectorCertificateError": NotSent,
    "ServerConnectionError": ReplyLost,
    "ServerDisconnectedError": ReplyLost,
    "ServerTimeoutError": ReplyLost,
    "ConnectionTimeoutError": NotSent,
    "SocketTimeoutError": ReplyLost,
    "ServerFingerprintMismatch": NotSent,
    "ClientResponseError": ReplyUnreadable,
    "ContentTypeError": ReplyUnreadable,
    "WSServerHandshakeError": ReplyUnreadable,
    "ClientHttpProxyError": NotSent,
    "TooManyRedirects": ReplyUnreadable,
    "ClientPayloadError": ReplyLost,
    "UploadAbortedError": ReplyLost,
    "InvalidURL": NotSent,
    "InvalidUrlClientError": NotSent,
    "InvalidUrlRedirectClientError": NotSent,
    "RedirectClientError": ReplyLost,
    "NonHttpUrlClientError": NotSent,
    "NonHttpUrlRedirectClientError": NotSent,
}

HTTPX: dict[str, type[PlatformFault]] = {
    "RequestError": ReplyLost,
    "TransportError": ReplyLost,
    "TimeoutException": ReplyLost,
    "ConnectTimeout": NotSent,
    "ReadTimeout": ReplyLost,
    "WriteTimeout": ReplyLost,
    "PoolTimeout": NotSent,
    "NetworkError": ReplyLost,
    "ConnectError": NotSent,
    "ReadError": ReplyLost,
    "WriteError": ReplyLost,
    "CloseError": ReplyLost,
    "ProtocolError": ReplyLost,
    "LocalProtocolError": ReplyLost,
    "RemoteProtocolError": ReplyLost,
    "ProxyError": NotSent,
    "UnsupportedProtocol": NotSent,
    "DecodingError": ReplyUnreadable,
    "TooManyRedirects": ReplyUnreadable,
}


def family(root: type[Exception]) -> set[type[Exception]]:
    """A class and all that derive from it."""
    return {root}.union(*(family(child) for child in root.__subclasses__()))


@pytest.mark.parametrize(
    ("root", "meanings"), [(aiohttp.ClientError, AIOHTTP), (httpx.RequestError, HTTPX)], ids=["aiohttp", "httpx"]
)
def test_every_failure_that_the_libraries_know_is_judged(
    root: type[Exception], meanings: dict[str, type[PlatformFault]]
) -> None:
    """A library that grows another exception fails here, so that somebody judges it."""
    library = root.__module__.split(".")[0]
    known = {kind for kind in family(root) if kind.__module__.split(".")[0] == library}

    assert set(meanings) == {kind.__name__ for kind in known if kind is not aiohttp.WSMessageTypeError}
    for kind in known & {kind for kind in known if kind.__name__ in meanings}:
        assert meanings[kind.__name__] is type(judged(kind.__new__(kind))), kind


def test_the_exception_behind_decides() -> None:
    """httpx-aiohttp says ConnectTimeout of a connection that was cut after sending."""
    cut, refused = httpx.ConnectTimeout(""), httpx.ConnectTimeout("")
    cut.__cause__ = aiohttp.ServerDisconnectedError()
    refused.__cause__ = aiohttp.ConnectionTimeoutError()

    assert ReplyLost is type(judged(cut))
    assert NotSent is type(judged(refused))


def test_trust_is_modern() -> None:
    """Certificates are checked, and nothing older than TLS 1.2 is spoken."""
    context = tls_context(settings())

    assert ssl.CERT_REQUIRED == context.verify_mode
    assert context.check_hostname
    assert ssl.TLSVersion.TLSv1_2 == context.minimum_version
