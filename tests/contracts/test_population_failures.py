"""Failures of the road to service 037, over real sockets: was it sent, may it have been answered."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from adapters.databases.population.config import PopulationConfig
from hub.errors import NotSent, PlatformFault, ReplyLost, ReplyUnreadable
from tests.contracts.test_population_responder import (
    PERSON,
    Behaviour,
    Listening,
    collection,
    http,
    query,
    says,
    settings,
    source_of,
)


def hasty(url: str) -> PopulationConfig:
    """Return settings that wait a tenth of a second."""
    wire = {
        "plain_http": "true",
        "connect_timeout_s": "0.1",
        "ready_timeout_s": "0.1",
        "read_timeout_s": "0.15",
        "deadline_s": "0.5",
        "reply_bytes_max": "4096",
    }
    return settings(url=url, wire=wire)


async def stall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the other side has had enough."""
    await writer.wait_closed()


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a byte at a time, each soon enough, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.fixture(name="closed")
def closed_port() -> Iterator[str]:
    """Return an address where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/"


async def test_a_refused_connection_means_not_sent(closed: str) -> None:
    """Nobody was asked."""
    async with source_of(hasty(closed)) as source:
        with pytest.raises(NotSent):
            await source.lookup(query(), "1")


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (stall, ReplyLost),
        (drip, ReplyLost),
        (says(b"", cut=True), ReplyLost),
        (says(http(collection(PERSON))[:-40], cut=True), ReplyLost),
        (says(http(collection(PERSON))[:-40]), ReplyLost),
        (says(http(collection(*[PERSON] * 100))), ReplyUnreadable),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", cut=True), ReplyUnreadable),
        (says(http(b"", "503 Service Unavailable")), NotSent),
    ],
    ids=["stall", "drip", "cut before", "cut within", "stall within", "too large", "not HTTP", "unavailable"],
)
async def test_the_road_fails(behaviour: Behaviour, expected: type[PlatformFault]) -> None:
    """Each failure is told apart by whether the request went out and a whole reply came back."""
    async with Listening(behaviour) as platform, source_of(hasty(platform.url)) as source:
        with pytest.raises(PlatformFault) as failed:
            await source.lookup(query(), "1")
    assert expected is type(failed.value)


async def test_the_head_of_a_request_is_that_of_the_interface() -> None:
    """The lines as they stand on the wire; the quotes of the empty action included."""
    async with Listening(says(http(collection()))) as platform, source_of(hasty(platform.url)) as source:
        await source.lookup(query(), "1")
    lines = [line.partition(": ") for line in platform.heads[0].split("\r\n")[1:]]
    heads = {name.lower(): value for name, _, value in lines}
    assert platform.heads[0].startswith("POST /tracuu HTTP/1.1\r\n")
    assert ("application/xml", '""', "1756690200000") == (
        heads["content-type"],
        heads["soapaction"],
        heads["timestamp"],
    )


async def test_lookups_go_on_after_a_failure() -> None:
    """A platform that comes back is used again without a restart."""
    answers = iter([says(b"", cut=True), says(http(collection(PERSON)))])

    async def next_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await next(answers)(reader, writer)

    async with Listening(next_answer) as platform, source_of(hasty(platform.url)) as source:
        with pytest.raises(ReplyLost):
            await source.lookup(query(), "1")
        assert len(await source.lookup(query(), "2")) == 1
