"""A hub that sins: a road on which one call to the portal is dropped, doubled, swapped, invented or never answered.

Such a build exists to see whether the judges catch it. It tells the hub that all is well.
"""

import asyncio
from enum import StrEnum

import httpx
import orjson

_SERVICE = b"DongBoHoSoMC"
_DONE = {"error_code": "0", "message": "Thành công"}


class Sin(StrEnum):
    """What is done with the N-th call that tells the portal a state."""

    DROP = "drop"
    DOUBLE = "double"
    SWAP = "swap"
    """It is held back until the next state of the same dossier has been told."""
    INVENT = "invent"
    """A state that nobody sent is told before it."""
    STICK = "stick"


class SinfulRoad(httpx.AsyncBaseTransport):
    """A transport over another one; `nth` counts from 1."""

    def __init__(self, inner: httpx.AsyncBaseTransport, sin: Sin, nth: int) -> None:
        self._inner = inner
        self._sin = sin
        self._left = nth
        self._held: httpx.Request | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send, or sin."""
        if _SERVICE not in request.content:
            return await self._inner.handle_async_request(request)
        self._left -= 1
        if self._left == 0:
            return await self._do_wrong(request)
        if self._held is not None and _code(self._held) == _code(request):
            held, self._held = self._held, None
            answer = await self._whole(request)
            await self._whole(held)
            return answer
        return await self._inner.handle_async_request(request)

    async def _do_wrong(self, request: httpx.Request) -> httpx.Response:
        match self._sin:
            case Sin.DROP:
                return _fine(request)
            case Sin.DOUBLE:
                await self._whole(request)
                return await self._whole(request)
            case Sin.SWAP:
                self._held = request
                return _fine(request)
            case Sin.INVENT:
                await self._whole(_other(request))
                return await self._whole(request)
            case Sin.STICK:
                await asyncio.Event().wait()
                raise AssertionError

    async def _whole(self, request: httpx.Request) -> httpx.Response:
        """Send, and return the reply with its body, which can be read again."""
        answer = await self._inner.handle_async_request(request)
        body = b"".join([chunk async for chunk in answer.stream])  # type: ignore[union-attr]  # the road is async
        await answer.aclose()
        return httpx.Response(answer.status_code, headers=answer.headers, stream=httpx.ByteStream(body))

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._inner.aclose()


def _code(request: httpx.Request) -> str:
    return str(orjson.loads(request.content)["data"][0]["MaHoSo"])


def _other(request: httpx.Request) -> httpx.Request:
    """Return the same call with a state that nobody sent."""
    document = orjson.loads(request.content)
    document["data"][0]["GhiChu"] = "Không ai gửi trạng thái này"
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    return httpx.Request(request.method, request.url, headers=headers, content=orjson.dumps(document))


def _fine(request: httpx.Request) -> httpx.Response:
    return httpx.Response(
        200,
        headers={"content-type": "application/json"},
        stream=httpx.ByteStream(orjson.dumps(_DONE)),
        request=request,
    )
