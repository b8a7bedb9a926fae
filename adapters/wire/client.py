"""One HTTP client for all adapters: the httpx API on aiohttp's connections, bounded, and silent in the log."""

import ssl
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from adapters.wire.settings import WireSettings

FIXED_HEADERS = {"accept-encoding": "identity", "user-agent": "hub"}
"""Sent with every request: replies are small, so they travel uncompressed."""


class WireClient(httpx.AsyncClient):
    """An httpx client that follows no redirect, keeps no cookie and reads no environment variable.

    `adapters.wire.exchange` uses its `road`, headers and timeouts directly, which costs half of what httpx's own
    `send` costs and leaves out httpx's log line for every request.
    """

    def __init__(self, settings: WireSettings, road: httpx.AsyncBaseTransport) -> None:
        timeout = httpx.Timeout(
            connect=settings.connect_timeout_s,
            read=settings.read_timeout_s,
            write=settings.read_timeout_s,
            pool=settings.ready_timeout_s,
        )
        super().__init__(
            transport=road,
            mounts={} if settings.plain_http else {"http://": NoPlainHttp()},
            timeout=timeout,
            headers=FIXED_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )
        self.road = road
        self.plain_http = settings.plain_http
        self.extensions = {"timeout": timeout.as_dict()}


def make_client(settings: WireSettings, transport: httpx.AsyncBaseTransport | None = None) -> WireClient:
    """Return the client of one platform.

    `transport` takes the place of the network (tests, sandboxes in the same process). Requests to http addresses are
    refused before anything is sent unless `settings.plain_http`. Certificates are read from their files here.
    """
    return WireClient(settings, transport or make_transport(settings))


def make_transport(settings: WireSettings) -> httpx.AsyncBaseTransport:
    """Return the transport of a platform; its connections are made when the first request needs them."""
    tls = tls_context(settings)

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=settings.connections_max, keepalive_timeout=settings.idle_s, ssl=tls)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)

    return AiohttpTransport(verify=tls, trust_env=False, client=session)


def tls_context(settings: WireSettings) -> ssl.SSLContext:
    """Return the trust of a platform: the system's authorities or `ca_file`, TLS 1.2 at least, our own certificate."""
    if settings.ca_file is None and settings.cert_file is None:
        return _system_trust()
    context = _modern(settings.ca_file)
    if settings.cert_file is not None:
        context.load_cert_chain(settings.cert_file, settings.key_file)
    return context


def _modern(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@cache
def _system_trust() -> ssl.SSLContext:
    """The system's authorities, shared: loading them takes 50 ms."""
    return _modern(None)


class NoPlainHttp(httpx.AsyncBaseTransport):
    """Refuses every request: the platform's address must be https."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse."""
        raise httpx.UnsupportedProtocol("plain_http is off for this platform", request=request)
