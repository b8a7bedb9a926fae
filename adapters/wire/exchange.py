"""One request, one whole reply, and every failure of the road judged by whether the platform may have acted.

What is not certainly "not sent" counts as "reply lost". Of an httpx exception the class alone does not tell, since
httpx-aiohttp raises ConnectTimeout for refused and for cut connections alike: the aiohttp exception behind it decides.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
import httpx

from adapters.wire.body import bounded, decoded
from adapters.wire.client import FIXED_HEADERS, WireClient
from adapters.wire.departing import departing
from adapters.wire.retry_after import retry_after_s
from hub.errors import HubFault, NotSent, PlatformFault, ReplyLost, ReplyUnreadable
from hub.ports import LEAVE


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole reply. `media_type` is lower case without parameters, "" when absent.

    `retry_after_s` is for how long a 429 or 503 asks to be left alone.
    """

    status: int
    media_type: str
    body: bytes
    retry_after_s: float | None = None


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
"""All that they raise about a request; beyond the two lists above: silence, cut connections, cut bodies."""


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
    of the failure only, never an address, a header or a body. What `LEAVE` raises is raised: nothing was sent then.
    """
    if deadline <= asyncio.get_running_loop().time():
        raise NotSent("no time was left")
    if client.is_closed or not client.settings.allows(str(url)):
        raise NotSent("the client is closed, or plain_http is off for this platform")
    try:
        async with asyncio.timeout_at(deadline):
            if client.replacement is None:
                return await _by_network(client.session(), method, str(url), headers, content, reply_bytes_max)
            request = httpx.Request(method, url, headers={**FIXED_HEADERS, **headers}, content=content)
            LEAVE.get()()
            return await _by_replacement(client.replacement, request, reply_bytes_max)
    except MAY_HAVE_ACTED as error:
        if isinstance(error.__cause__, HubFault):
            raise error.__cause__ from None
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


async def _by_network(
    session: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str], content: bytes, bytes_max: int
) -> Answer:
    async with session.request(
        method, url, headers=headers, data=departing(content), allow_redirects=False
    ) as response:
        body = await bounded(response.content.iter_any(), bytes_max)
    return _answer(response.status, response.headers, body, bytes_max)


async def _by_replacement(road: httpx.AsyncBaseTransport, request: httpx.Request, bytes_max: int) -> Answer:
    response = await road.handle_async_request(request)
    stream = response.stream if isinstance(response.stream, httpx.AsyncByteStream) else response.aiter_raw()
    try:
        body = await bounded(stream, bytes_max)
    finally:
        await response.aclose()
    return _answer(response.status_code, response.headers, body, bytes_max)


def _answer(status: int, headers: Mapping[str, str], body: bytes, bytes_max: int) -> Answer:
    body = decoded(body, headers.get("content-encoding", "").strip().lower(), bytes_max)
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(status, media_type, body, retry_after_s(status, headers))
