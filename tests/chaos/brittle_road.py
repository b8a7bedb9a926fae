"""The road to a platform with crash points around requests and replies."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import httpx

from tests.chaos.crash import Fuse, Point

_GONE_OUT_S = 0.003
"""Long enough for a request to leave this process, too short for most replies."""


class BrittleRoad(httpx.AsyncBaseTransport):
    """A transport over another one."""

    def __init__(self, inner: httpx.AsyncBaseTransport, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send between crash points: nothing is out; it is out, the reply is not in; the reply is in, nobody has it."""
        self._fuse.pass_by(Point.SEND_BEFORE)
        under_way = asyncio.ensure_future(self._inner.handle_async_request(request))
        if self._fuse.due(Point.SEND_AFTER):
            await asyncio.wait({under_way}, timeout=_GONE_OUT_S)
            self._fuse.blow()
        response = await under_way
        self._fuse.pass_by(Point.REPLY_BEFORE)
        body = cast("httpx.AsyncByteStream", response.stream)
        return httpx.Response(
            response.status_code, headers=response.headers, stream=_Body(body, self._fuse), request=request
        )

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._inner.aclose()


class _Body(httpx.AsyncByteStream):
    """The body of a reply; its last crash point is passed when it was read to the end and closed."""

    def __init__(self, inner: httpx.AsyncByteStream, fuse: Fuse) -> None:
        self._inner = inner
        self._fuse = fuse

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            yield chunk

    async def aclose(self) -> None:
        """Close, with the whole reply in the hands of the caller."""
        await self._inner.aclose()
        self._fuse.pass_by(Point.REPLY_AFTER)
