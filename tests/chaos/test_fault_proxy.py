"""The bad road: bytes pass unchanged while it is good, each fault does what it says, and ends when it should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.road_fault import Bad, RoadFault

SOON_S = 0.1
LONG_S = 5.0


@dataclass
class Echo:
    """A server that says everything again, and notes what it heard and how many connections ended."""

    heard: bytearray = field(default_factory=bytearray)
    begun: int = 0
    ended: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.begun += 1
        with suppress(OSError):
            while data := await reader.read(65536):
                self.heard += data
                if data == b"bye":
                    break
                writer.write(data)
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self.ended += 1

    async def until_ended(self) -> None:
        """Wait until every connection has ended."""
        async with asyncio.timeout(LONG_S):
            while self.ended < self.begun:  # noqa: ASYNC110 - sockets tell nobody
                await asyncio.sleep(0.01)


@asynccontextmanager
async def road() -> AsyncIterator[tuple[Echo, FaultProxy]]:
    """An echo behind a proxy."""
    echo = Echo()
    server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    proxy = FaultProxy(("127.0.0.1", server.sockets[0].getsockname()[1]))
    await proxy.open()
    try:
        yield echo, proxy
    finally:
        await proxy.aclose()
        server.close()
        await echo.until_ended()


class Caller:
    """A client of the proxy."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def say(self, data: bytes, within_s: float = LONG_S) -> bytes:
        """Send, and return what came back in time: as many bytes, or fewer at the end; TimeoutError."""
        self.writer.write(data)
        async with asyncio.timeout(within_s):
            try:
                return await self.reader.readexactly(len(data))
            except asyncio.IncompleteReadError as cut:
                return cut.partial


@asynccontextmanager
async def caller(proxy: FaultProxy) -> AsyncIterator[Caller]:
    """One connection to the proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def suffering(proxy: FaultProxy, fault: RoadFault) -> AsyncIterator["asyncio.Task[None]"]:
    """The fault is in force in the block, until its time is over."""
    task = asyncio.create_task(proxy.suffer(fault))
    await asyncio.sleep(0.02)
    try:
        yield task
    finally:
        await task


async def test_a_good_road_carries_everything() -> None:
    """A megabyte comes back as it went, over a connection that the far end closes last."""
    async with road() as (echo, proxy), caller(proxy) as one:
        said = bytes(range(256)) * 4096
        assert said == await one.say(said)
        assert said == bytes(echo.heard)
        assert b"" == await one.say(b"bye")


async def test_a_road_to_a_unix_socket(tmp_path: Path) -> None:
    """The far end may be the path of a socket."""
    echo = Echo()
    server = await asyncio.start_unix_server(echo.serve, tmp_path / "socket")
    proxy = FaultProxy(tmp_path / "socket")
    await proxy.open()
    async with caller(proxy) as one:
        assert b"hello" == await one.say(b"hello")
    await proxy.aclose()
    server.close()
    await echo.until_ended()


async def test_nobody_at_the_far_end_means_a_connection_that_is_cut() -> None:
    """As behind any relay: the connection is made, and ends."""
    async with road() as (_, lost):
        proxy = FaultProxy(("127.0.0.1", 9))
        await proxy.open()
        async with caller(proxy) as one:
            with suppress(ConnectionResetError):
                assert b"" == await one.say(b"hello")
        await proxy.aclose()
        assert lost.fault is None


async def test_a_refused_road_takes_no_connection_and_is_back_on_its_port() -> None:
    """What was open is cut, what is new is refused, and the port is the same afterwards."""
    async with road() as (_, proxy), caller(proxy) as one:
        assert b"x" == await one.say(b"x")
        async with suffering(proxy, RoadFault(Bad.REFUSED, SOON_S)):
            assert b"" == await one.reader.read()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_connection("127.0.0.1", proxy.port)
        async with caller(proxy) as other:
            assert b"y" == await other.say(b"y")


async def test_a_cut_road_drops_what_is_open_and_what_comes() -> None:
    """New connections live as long as ordered."""
    async with road() as (echo, proxy), caller(proxy) as one:
        assert b"x" == await one.say(b"x")
        async with suffering(proxy, RoadFault(Bad.CUT, SOON_S, delay_s=0.03)):
            assert b"" == await one.reader.read()
            async with caller(proxy) as other:
                assert b"y" == await other.say(b"y")
                assert b"" == await other.reader.read()
        assert b"xy" == bytes(echo.heard)


async def test_a_long_road_keeps_the_order() -> None:
    """Everything is as late as ordered, each way, and nothing overtakes when the fault ends."""
    loop = asyncio.get_running_loop()
    async with road() as (_, proxy), caller(proxy) as one, suffering(proxy, RoadFault(Bad.LATENCY, 0.15, 0.06)):
        began_s = loop.time()
        assert b"first" == await one.say(b"first")
        assert 0.12 <= loop.time() - began_s < 1
        one.writer.write(b"second ")
        await asyncio.sleep(0.04)
        one.writer.write(b"third")
        assert b"second third" == await one.reader.readexactly(12)


async def test_a_half_open_road_says_nothing_and_ends_with_the_fault() -> None:
    """Open and new connections hear nothing; the far end saw the open one end; both are dead afterwards."""
    async with road() as (echo, proxy), caller(proxy) as one:
        assert b"x" == await one.say(b"x")
        async with suffering(proxy, RoadFault(Bad.HALF_OPEN, 0.2)), caller(proxy) as other:
            for deaf in (one, other):
                with pytest.raises(TimeoutError):
                    await deaf.say(b"lost", within_s=0.05)
            assert 1 == echo.ended
        assert b"" == await one.reader.read()
        assert b"x" == bytes(echo.heard)
        async with caller(proxy) as fresh:
            assert b"y" == await fresh.say(b"y")


async def test_a_lost_end_is_not_told() -> None:
    """The far end says goodbye; the near one goes on talking to nobody until the fault ends."""
    async with road() as (echo, proxy), caller(proxy) as one, suffering(proxy, RoadFault(Bad.LOST_END, 0.2)):
        assert b"x" == await one.say(b"x")
        one.writer.write(b"bye")
        await echo.until_ended()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await one.say(b"hello?", within_s=0.05)
        assert (1, b"xbye") == (echo.ended, bytes(echo.heard))


async def test_a_dripping_road_brings_replies_in_drops() -> None:
    """Ten bytes, two at a time; the rest comes at once when the fault ends."""
    loop = asyncio.get_running_loop()
    async with road() as (_, proxy), caller(proxy) as one:
        async with suffering(proxy, RoadFault(Bad.DRIP, LONG_S / 10, delay_s=0.03, bytes_max=2)):
            began_s = loop.time()
            assert b"0123456789" == await one.say(b"0123456789")
            assert 0.1 < loop.time() - began_s < 1
            one.writer.write(bytes(10_000))
        assert bytes(10_000) == await one.reader.readexactly(10_000)


async def test_a_truncated_reply_ends_in_its_middle() -> None:
    """The request arrived whole; of the reply came as much as ordered."""
    async with road() as (echo, proxy), caller(proxy) as one:
        async with suffering(proxy, RoadFault(Bad.TRUNCATED, SOON_S, bytes_max=4)):
            assert b"0123" == await one.say(b"0123456789")
        assert b"0123456789" == bytes(echo.heard)


async def test_what_a_dead_caller_said_is_not_delivered_later() -> None:
    """The caller is gone before his words arrived: they never do."""
    async with road() as (echo, proxy), suffering(proxy, RoadFault(Bad.LATENCY, 0.3, delay_s=0.1)):
        async with caller(proxy) as one:
            one.writer.write(b"late")
            await asyncio.sleep(0.03)
        await asyncio.sleep(0.15)
        assert b"" == bytes(echo.heard)


async def test_faults_wait_for_each_other() -> None:
    """Two orders at once: one after the other, and the road is whole in the end."""
    async with road() as (_, proxy):
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        fault = RoadFault(Bad.LATENCY, 0.05)
        await asyncio.gather(proxy.suffer(fault), proxy.suffer(fault))
        assert loop.time() - began_s >= 0.1
        assert proxy.fault is None
