"""HTTP at the level of bytes, for requests that no client would make."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ANSWER_S_MAX = 15.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object."""
        read: dict[str, Any] = json.loads(self.body)
        return read


def head(method: str, path: str, **headers: str) -> bytes:
    """Return the head of a request as it is on the wire; underscores in names stand for hyphens."""
    lines = [f"{method} {path} HTTP/1.1", "Host: hub"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def exchange(address: str, *pieces: bytes, pause_s: float = 0.0) -> Answer | None:
    """Send pieces and return the first answer; None when the connection ends without one.

    The other side may answer, or hang up, before everything was sent.
    """
    host, _, port = address.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    sending = asyncio.create_task(_send(writer, pieces, pause_s))
    try:
        async with asyncio.timeout(ANSWER_S_MAX):
            return await _answer(reader)
    finally:
        sending.cancel()
        writer.close()


async def _send(writer: asyncio.StreamWriter, pieces: tuple[bytes, ...], pause_s: float) -> None:
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)
    except ConnectionError:
        return


async def _answer(reader: asyncio.StreamReader) -> Answer | None:
    try:
        start, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").splitlines()[:-1]
        named = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in named}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return Answer(int(start.split()[1]), headers, body)
