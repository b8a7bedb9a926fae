"""A door really closes, keeps its port meanwhile, and cuts what is open."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from starlette.types import Receive, Scope, Send

from ops.sandbox.door import Door


async def _hello(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"hi"})


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """An open door on a free port."""
    one = Door(_hello, 0)
    await one.open()
    yield one
    await one.aclose()


def _port(door: Door) -> int:
    return int(door.address.rpartition(":")[2])


async def _connect(door: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", _port(door))


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        return


async def test_an_idle_connection_is_cut(door: Door) -> None:
    """Shutting ends connections that wait between requests."""
    reader, writer = await _connect(door)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"hi")).startswith(b"HTTP/1.1 200")

    await door.shut()

    assert b"" == await reader.read()
    await _closed(writer)


async def test_a_shut_port_refuses_and_stays_ours(door: Door) -> None:
    """While shut, connections are refused, and the port is given to nobody who asks for a free one."""
    await door.shut()

    with pytest.raises(ConnectionRefusedError):
        await _connect(door)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", _port(door)))


async def test_it_opens_again_at_the_same_address(door: Door) -> None:
    """The address survives closings; opening and shutting twice changes nothing."""
    address = door.address
    for _ in range(3):
        await door.shut()
        await door.shut()
        await door.open()
        await door.open()

    assert address == door.address
    reader, writer = await _connect(door)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"hi")
    await _closed(writer)


async def test_a_taken_port_is_an_error(door: Door) -> None:
    """Two doors cannot share a port."""
    second = Door(_hello, _port(door))

    with pytest.raises(OSError, match="in use"):
        await second.open()
    await second.aclose()
