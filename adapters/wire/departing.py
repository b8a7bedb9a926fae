"""Bodies that ask for leave at the last moment: when they are written, the request's head having been held back."""

from io import BytesIO

from aiohttp import BytesIOPayload, BytesPayload, Payload
from aiohttp.abc import AbstractStreamWriter

from hub.ports import LEAVE

_PIECE_BYTES_MAX = 1024 * 1024


class _Departing(BytesPayload):
    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        LEAVE.get()()
        await super().write_with_length(writer, content_length)


class _LargeDeparting(BytesIOPayload):
    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        LEAVE.get()()
        await super().write_with_length(writer, content_length)


def departing(content: bytes) -> Payload | None:
    """Return a body for aiohttp that asks `LEAVE` right before its first byte goes out; None for an empty one.

    aiohttp writes head and body of a request together, so that a refusal means that nothing was sent. An empty body is
    that of a question, which changes nothing at the platform.
    """
    if not content:
        return None
    # aiohttp warns of large bodies that are written in one piece.
    return _Departing(content) if len(content) <= _PIECE_BYTES_MAX else _LargeDeparting(BytesIO(content))
