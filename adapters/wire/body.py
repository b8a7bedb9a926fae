"""The body of a reply: never more than is allowed, whatever the platform sends."""

import zlib
from collections.abc import AsyncIterable

from hub.errors import ReplyUnreadable

_GZIP_OR_ZLIB = 47
"""zlib's word for "see what it is"."""


async def bounded(chunks: AsyncIterable[bytes], bytes_max: int) -> bytes:
    """Read all pieces. ReplyUnreadable as soon as they prove to be over the limit."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > bytes_max:
            raise _too_large(bytes_max)
    return bytes(body)


def decoded(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """Undo the compression that some gateways apply though nobody asked for it (`gzip`, `deflate`).

    ReplyUnreadable for other encodings, broken data, and more than `bytes_max` bytes.
    """
    if encoding in ("", "identity"):
        return body
    stream = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = stream.decompress(body, bytes_max + 1)
    except zlib.error:
        raise ReplyUnreadable("cannot be decompressed") from None
    if len(plain) > bytes_max:
        raise _too_large(bytes_max)
    if not stream.eof:
        raise ReplyUnreadable("cannot be decompressed")
    return plain


def _too_large(bytes_max: int) -> ReplyUnreadable:
    return ReplyUnreadable(f"over {bytes_max} bytes")
