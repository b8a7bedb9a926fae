"""One request, one whole reply, and every failure of the road judged by whether the platform may have acted.

The httpx class alone does not tell: httpx-aiohttp raises ConnectTimeout for refused and for cut connections alike, so
the aiohttp exception behind it decides. What is not certainly "not sent" counts as "reply lost".
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
import httpx

from adapters.wire.client import FIXED_HEADERS, WireClient
from hub.errors import NotSent, PlatformFault, ReplyLost, ReplyUnreadable


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole reply. `media_type` is lower case without parameters, "" when absent."""

    status: int
    media_type: str
    body: bytes


NEVER_SENT: tuple[type[Exception], ...] = (
    aiohttp.ClientConnectorError,  # refused, unreachable, DNS, TLS, certificate, proxy
    aiohttp.ConnectionTimeoutError,  # no connection in time, the wait for a place in the pool included
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,  # the proxy refused the tunnel
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""Raised before the first byte of a request goes out."""

UNREADABLE: tuple[type[Exception], ...] = (
    aiohttp.ClientResponseError,  # what came is not HTTP
    httpx.DecodingError,
    httpx.TooManyRedirects,
)
"""Raised over a reply that nobody can read."""

MAY_HAVE_ACTED: tuple[type[Exception], ...] = (
    aiohttp.ClientError,
    httpx.RequestError,
)
"""Everything else that httpx and aiohttp raise about a request: time-outs of reading, cut connections, cut bodies."""


async def exchange(
    client: WireClient,
    method: str,
    url: httpx.URL | str,
    *,
    headers: Mapping[str, str],
    content: bytes = b"",
    deadline: float,
    reply_bytes_max: int,
) -> Answer:
    """Send one request and return the whole reply, whatever its status.

    `deadline` is a time of the running event loop's clock. Errors: NotSent (the platform definitely did not act),
    ReplyLost (it may have acted), ReplyUnreadable (not HTTP, or over `reply_bytes_max`). Their texts name the class
    of the failure only, never an address, a header or a body. A `url` that was parsed once saves time.
    """
    if deadline <= asyncio.get_running_loop().time():
        raise NotSent("no time was left")
    request = httpx.Request(
        method, url, headers={**FIXED_HEADERS, **headers}, content=content, extensions=client.extensions
    )
    if request.url.scheme != "https" and not client.plain_http:
        raise NotSent("plain_http is off for this platform")
    try:
        async with asyncio.timeout_at(deadline):
            return await _exchange(client.road, request, reply_bytes_max)
    except (aiohttp.ClientError, httpx.RequestError) as error:
        raise judged(error) from None
    except TimeoutError:
        raise ReplyLost("deadline") from None
    except OSError as error:
        raise ReplyLost(type(error).__name__) from None


def judged(error: Exception) -> PlatformFault:
    """Return what a transport's exception means; the aiohttp exception behind it speaks where there is one."""
    cause = error.__cause__ if isinstance(error.__cause__, aiohttp.ClientError) else error
    if isinstance(cause, NEVER_SENT):
        return NotSent(type(cause).__name__)
    if isinstance(cause, UNREADABLE):
        return ReplyUnreadable(type(cause).__name__)
    return ReplyLost(type(cause).__name__)


async def _exchange(road: httpx.AsyncBaseTransport, request: httpx.Request, bytes_max: int) -> Answer:
    response = await road.handle_async_request(request)
    try:
        body = await _bounded(response, bytes_max)
    finally:
        await response.aclose()
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(response.status_code, media_type, body)


async def _bounded(response: httpx.Response, bytes_max: int) -> bytes:
    """Read the body. ReplyUnreadable as soon as it proves to be over the limit."""
    body = bytearray()
    async for chunk in _chunks(response):
        body += chunk
        if len(body) > bytes_max:
            raise ReplyUnreadable(f"over {bytes_max} bytes")
    return bytes(body)


def _chunks(response: httpx.Response) -> AsyncIterator[bytes]:
    """Return the body's pieces; decoded only when the platform compressed them although it was asked not to."""
    if "content-encoding" in response.headers or not isinstance(response.stream, httpx.AsyncByteStream):
        return response.aiter_bytes()
    return response.stream.__aiter__()
