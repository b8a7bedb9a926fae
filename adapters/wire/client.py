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

    `adapters.wire.exchange` goes past httpx, to `session` or to `replacement`: that costs half of what httpx's own
    `send` costs, and leaves out httpx's log line for every request.
    """

    def __init__(self, settings: WireSettings, replacement: httpx.AsyncBaseTransport | None) -> None:
        self.settings = settings
        self.replacement = replacement
        self._tls = tls_context(settings) if replacement is None else None
        self._session: aiohttp.ClientSession | None = None
        super().__init__(
            transport=replacement or AiohttpTransport(verify=self._tls or True, trust_env=False, client=self.session),
            mounts={} if settings.plain_http else {"http://": NoPlainHttp()},
            timeout=httpx.Timeout(
                settings.read_timeout_s, connect=settings.connect_timeout_s, pool=settings.ready_timeout_s
            ),
            headers=FIXED_HEADERS,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )

    def session(self) -> aiohttp.ClientSession:
        """Return the connections to the platform; they belong to the running event loop, and are closed by `aclose`."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self.settings.connections_max, keepalive_timeout=self.settings.idle_s, ssl=self._tls or True
                ),
                headers=FIXED_HEADERS,
                timeout=aiohttp.ClientTimeout(
                    sock_read=self.settings.read_timeout_s,
                    sock_connect=self.settings.connect_timeout_s,
                    connect=self.settings.ready_timeout_s,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session

    async def aclose(self) -> None:
        """Close all connections."""
        await super().aclose()
        if self._session is not None:
            await self._session.close()


def make_client(settings: WireSettings, transport: httpx.AsyncBaseTransport | None = None) -> WireClient:
    """Return the client of one platform.

    `transport` takes the place of the network (tests, sandboxes in the same process). Requests to http addresses are
    refused before anything is sent unless `settings.plain_http`. Certificates are read from their files here.
    """
    return WireClient(settings, transport)


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
