"""Forms as browsers post them: small, in time, and from a page of our own."""

import asyncio
from collections.abc import Mapping
from urllib.parse import SplitResult, parse_qsl, urlsplit

from starlette.requests import Request

from hub.errors import CallerError, Forbidden, Malformed, TooLarge

FORM_BYTES_MAX = 4096
_FIELDS_MAX = 10
_MEDIA_TYPE = "application/x-www-form-urlencoded"
_OWN = "same-origin"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class CrossSite(Forbidden):
    """The form was not sent by a page of this hub."""


class PlainHttp(CallerError):
    """A secret came over HTTP from another machine."""


async def read_form(request: Request, wait_s: float = 10.0) -> Mapping[str, str]:
    """Return the fields of a posted form. Errors: CrossSite, Malformed, TooLarge, `caller.slow`."""
    require_own_page(request)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _MEDIA_TYPE:
        raise Malformed("not a form", code="caller.media_type")
    try:
        async with asyncio.timeout(wait_s):
            body = await _body(request)
    except TimeoutError:
        raise CallerError("slow form", code="caller.slow") from None
    try:
        return dict(parse_qsl(body.decode("ascii"), max_num_fields=_FIELDS_MAX, errors="strict"))
    except ValueError:
        raise Malformed("not a form") from None


def require_own_page(request: Request) -> None:
    """Pass when a browser says that a page of ours sent this (Fetch Metadata, else Origin). CrossSite otherwise."""
    site = request.headers.get("sec-fetch-site") or _compared(request)
    if site != _OWN:
        raise CrossSite("form of another page")


def arrived_encrypted(request: Request) -> bool:
    """Whether the page was open over HTTPS; what says nothing counts as such. PlainHttp when it was open to others.

    A browser names the page's scheme in Origin; the hub itself stands behind the TLS server and sees none.
    """
    origin = _origin(request)
    if origin.scheme != "http":
        return True
    if origin.hostname not in _LOOPBACK:
        raise PlainHttp("signed in over plain HTTP")
    return False


def _compared(request: Request) -> str:
    """Return what Fetch Metadata would say, for browsers and plain HTTP addresses that say nothing."""
    host = _origin(request).netloc
    return _OWN if host and host == request.headers.get("host", "") else "cross-site"


def _origin(request: Request) -> SplitResult:
    try:
        return urlsplit(request.headers.get("origin", ""))
    except ValueError:
        raise CrossSite("no origin") from None


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise TooLarge("form too large")
    return body
