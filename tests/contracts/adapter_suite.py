"""What every adapter must make of a failing platform: one abstract suite, inherited for each operation.

A subclass says how its adapter is built in front of an address, what the call under test is, what the platform
answers when all is well, and what its own table makes of a page, a refusal or a server error. Failures of the road
mean the same for all: they are stated here and cannot be changed.
"""

import asyncio
import socket
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum
from typing import ClassVar

import pytest

from hub.errors import NotSent, PlatformFault, ReplyLost, ReplyUnreadable
from hub.pipeline.classify import classify
from hub.ports import Adapter, OutcomeRule, Reply
from schemas.delivery import OutcomeClass

Verdict = type[PlatformFault] | OutcomeClass
"""The error that was raised, or what the reply comes to by the operation's table."""

WIRE: Mapping[str, str] = {
    "plain_http": "true",
    "connect_timeout_s": "0.2",
    "ready_timeout_s": "0.2",
    "read_timeout_s": "0.15",
    "deadline_s": "0.4",
    "reply_bytes_max": "4096",
}
"""Settings under which failures show quickly."""

PAGE = b"<html><head><title>Request Rejected</title></head><body>The requested URL was rejected.</body></html>"


class Case(Enum):
    """How the platform fails the call under test."""

    REFUSED = "nobody listens"
    STALL = "takes the request and says nothing"
    TRICKLE = "sends the reply a byte at a time, for ever"
    CUT_BEFORE_HEADERS = "takes the request and hangs up"
    CUT_IN_HEADERS = "hangs up within the headers"
    CUT_IN_BODY = "hangs up within the body"
    STALL_IN_BODY = "says nothing more within the body"
    OVERSIZED = "sends more than is allowed"
    NOT_HTTP = "speaks another protocol"
    PAGE = "answers 200 with a page"
    GARBAGE = "answers 200 with noise"
    EMPTY = "answers 200 with nothing"
    NOT_UTF8 = "answers 200 with broken text"
    MOVED = "answers 302"
    UNAUTHORISED = "answers 401"
    FORBIDDEN = "answers 403 with a page"
    NO_PATH = "answers 404"
    TOO_MANY = "answers 429"
    BROKEN = "answers 500 with a page"
    BAD_GATEWAY = "answers 502"
    BUSY = "answers 503"
    LATE_GATEWAY = "answers 504"


ROAD: Mapping[Case, Verdict] = {
    Case.REFUSED: NotSent,
    Case.STALL: ReplyLost,
    Case.TRICKLE: ReplyLost,
    Case.CUT_BEFORE_HEADERS: ReplyLost,
    Case.CUT_IN_HEADERS: ReplyLost,
    Case.CUT_IN_BODY: ReplyLost,
    Case.STALL_IN_BODY: ReplyLost,
    Case.OVERSIZED: ReplyUnreadable,
    Case.NOT_HTTP: ReplyUnreadable,
}
"""What a failure of the road means, whatever the platform."""


def http(body: bytes, status: str = "200 OK", media_type: str = "application/json") -> bytes:
    """A whole reply."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


REPLIES: Mapping[Case, bytes] = {
    Case.OVERSIZED: http(b"x" * 4097),
    Case.NOT_HTTP: b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    Case.PAGE: http(PAGE, media_type="text/html"),
    Case.GARBAGE: http(b"\x00\x01noise}{"),
    Case.EMPTY: http(b""),
    Case.NOT_UTF8: http(b"\xff\xfe\xfd"),
    Case.MOVED: http(b"", "302 Found"),
    Case.UNAUTHORISED: http(b"", "401 Unauthorized"),
    Case.FORBIDDEN: http(PAGE, "403 Forbidden", "text/html"),
    Case.NO_PATH: http(b"not found", "404 Not Found", "text/plain"),
    Case.TOO_MANY: http(b"", "429 Too Many Requests"),
    Case.BROKEN: http(PAGE, "500 Internal Server Error", "text/html"),
    Case.BAD_GATEWAY: http(b"", "502 Bad Gateway"),
    Case.BUSY: http(b"", "503 Service Unavailable"),
    Case.LATE_GATEWAY: http(b"", "504 Gateway Timeout"),
}
"""Cases that are a reply."""


class FailingPlatform:
    """A server on a real socket. Requests before the call under test are answered well; that one fails as ordered.

    `case` may be changed while it runs; None answers all requests well. `seen` counts calls under test.
    """

    def __init__(self, suite: "AdapterSuite", case: Case | None) -> None:
        self._suite = suite
        self.case = case
        self.seen = 0

    async def connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Serve one request; whether the connection lives on."""
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        sizes = [int(value) for name, value in fields.items() if name.lower() == b"content-length"]
        request = head + await reader.readexactly(sum(sizes))
        before = self._suite.preamble(request)
        if before is not None:
            writer.write(before)
            return True
        self.seen += 1
        return await self._misbehave(self.case, reader, writer)

    async def _misbehave(self, case: Case | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        good = self._suite.good_reply()
        body_at = good.index(b"\r\n\r\n") + 4
        match case:
            case None:
                writer.write(good)
                return True
            case Case.STALL:
                await reader.read()
            case Case.TRICKLE:
                writer.write(good[:body_at])
                while not writer.is_closing():
                    writer.write(b" ")
                    await asyncio.sleep(0.05)
            case Case.CUT_BEFORE_HEADERS:
                pass
            case Case.CUT_IN_HEADERS:
                writer.write(good[: body_at - 6])
            case Case.CUT_IN_BODY:
                writer.write(good[:-1])
            case Case.STALL_IN_BODY:
                writer.write(good[:-1])
                await reader.read()
            case _:
                writer.write(REPLIES[case])
                return True
        return False


class AdapterSuite(ABC):
    """Inherit under a name that begins with Test, once per operation."""

    judged: ClassVar[Mapping[Case, Verdict]]
    """What the operation makes of the replies that are its own platform's business: all cases not in `ROAD`."""
    private: ClassVar[Sequence[str]]
    """Names, numbers and secrets that the call carries."""
    calls_max: ClassVar[Mapping[Case, int]] = {}
    """How often a case may see the call; once where it is not stated."""

    @abstractmethod
    def build(self, url: str) -> Adapter:
        """Return the adapter in front of a platform at this address, under the settings `WIRE`."""

    @abstractmethod
    async def act(self, adapter: Adapter) -> Reply | None:
        """Make the call under test; None where its answer is not judged by a table."""

    @abstractmethod
    def rules(self, adapter: Adapter) -> Sequence[OutcomeRule]:
        """Return the table of the operation; empty where there is none."""

    @abstractmethod
    def preamble(self, request: bytes) -> bytes | None:
        """Return the reply to a request that comes before the call under test (a log-in); None for the call itself."""

    @abstractmethod
    def good_reply(self) -> bytes:
        """Return a whole HTTP reply to the call under test, as the platform gives it when all is well."""

    async def verdict(self, adapter: Adapter) -> Verdict:
        """Make the call and say what came of it; an error carries neither persons nor secrets nor addresses."""
        try:
            reply = await self.act(adapter)
        except PlatformFault as fault:
            told = f"{fault!r} {fault.hint} {fault.__cause__!r}"
            assert not [word for word in (*self.private, "127.0.0.1") if word in told]
            return type(fault)
        return OutcomeClass.DELIVERED if reply is None else classify(reply, self.rules(adapter))

    @asynccontextmanager
    async def failing(self, case: Case | None) -> AsyncIterator[tuple[FailingPlatform, Adapter]]:
        """A platform that fails so, and the adapter in front of it."""
        platform = FailingPlatform(self, case)
        server = await asyncio.start_server(platform.connection, "127.0.0.1", 0)
        port = free_port() if case is Case.REFUSED else server.sockets[0].getsockname()[1]
        adapter = self.build(f"http://127.0.0.1:{port}")
        try:
            async with server:
                yield platform, adapter
        finally:
            await adapter.aclose()

    def test_every_case_has_a_verdict(self) -> None:
        """Nobody forgets a case, and nobody changes what the road means."""
        assert set(Case) - set(ROAD) == set(self.judged)

    async def test_a_good_reply_is_understood(self) -> None:
        """The suite's own picture of the platform is right: without a failure the call succeeds."""
        async with self.failing(None) as (platform, adapter):
            assert OutcomeClass.DELIVERED is await self.verdict(adapter)
        assert 1 == platform.seen

    @pytest.mark.parametrize("case", Case, ids=lambda case: case.name.lower())
    async def test_each_failure_is_judged(self, case: Case) -> None:
        """The verdict is that of the road or of the platform's table, after one call; errors name nobody."""
        async with self.failing(case) as (platform, adapter):
            assert {**self.judged, **ROAD}[case] is await self.verdict(adapter)
        assert platform.seen <= self.calls_max.get(case, 1)

    @pytest.mark.parametrize(
        "case", [case for case in Case if case is not Case.REFUSED], ids=lambda case: case.name.lower()
    )
    async def test_calls_go_on_after_a_failure(self, case: Case) -> None:
        """A platform that comes back is used again without a restart."""
        async with self.failing(case) as (platform, adapter):
            await self.verdict(adapter)
            platform.case = None
            assert OutcomeClass.DELIVERED is await self.verdict(adapter)

    async def test_giving_up_passes_through(self) -> None:
        """A cancelled call is cancelled: it turns into no verdict."""
        async with self.failing(Case.STALL) as (_, adapter):
            task = asyncio.create_task(self.verdict(adapter))
            await asyncio.sleep(0.1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
