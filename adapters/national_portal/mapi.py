"""Calling the portal: JSON by POST, the session in the body, one fresh log-in when the session is refused."""

import asyncio
from collections.abc import Mapping

import orjson

from adapters.national_portal.config import PortalConfig
from adapters.national_portal.replies import PortalReply, read
from adapters.wire.client import WireClient
from adapters.wire.exchange import exchange
from adapters.wire.retry_after import whole_s
from adapters.wire.session import Grant, Held, SessionCache
from hub.errors import NotSent, RefusedUs, ReplyLost, ReplyUnreadable
from hub.ports import Clock

_UNAUTHORISED = 401
_BUSY = frozenset({429, 503})


class Mapi:
    """One account at the portal's adapter, shared by all operations."""

    def __init__(self, config: PortalConfig, clock: Clock, client: WireClient) -> None:
        self._config = config
        self._client = client
        self._headers = {
            "accept": "application/json",
            "content-type": "application/json",
            "charset": "utf-8",
            "dstcode": config.provider,
        }
        base = str(config.adapter_url).rstrip("/")
        self._login_url = base + config.login_path
        self._read_url = base + config.read_path
        self._push_url = base + config.push_path
        self._sessions = SessionCache(self._log_in, clock, age_s_max=config.session_age_s_max)

    def deadline(self) -> float:
        """Return when an operation that starts at this moment must end, by the event loop's clock."""
        return asyncio.get_running_loop().time() + self._config.wire.deadline_s

    async def ask(self, service: str, fields: Mapping[str, object], deadline: float) -> PortalReply:
        """Call a service that changes nothing."""
        return await self._call(self._read_url, service, fields, deadline)

    async def push(self, service: str, fields: Mapping[str, object], deadline: float) -> PortalReply:
        """Call a service that changes something. Errors: those of `Operation.send`."""
        return await self._call(self._push_url, service, fields, deadline)

    async def aclose(self) -> None:
        """Let go of the session and the connections."""
        await self._sessions.aclose()
        await self._client.aclose()

    async def _call(self, url: str, service: str, fields: Mapping[str, object], deadline: float) -> PortalReply:
        """Call once, and once more under a fresh session when the portal refused the session: it did not act then."""
        held = await self._session(deadline)
        reply = await self._once(url, held, service, fields, deadline)
        if not self._refuses_session(reply):
            return reply
        self._sessions.refuse(held)
        held = await self._session(deadline)
        reply = await self._once(url, held, service, fields, deadline)
        if self._refuses_session(reply):
            self._sessions.refuse(held)
        return reply

    async def _once(
        self, url: str, held: Held[str], service: str, fields: Mapping[str, object], deadline: float
    ) -> PortalReply:
        return await self._post(
            url, {"session": held.value, "madonvi": self._config.unit, "service": service, **fields}, deadline
        )

    def _refuses_session(self, reply: PortalReply) -> bool:
        if reply.http_status == _UNAUTHORISED:
            return True
        if not reply.ok or reply.succeeded:
            return False
        return self._config.session_refused.fits(reply.code, reply.text)

    async def _session(self, deadline: float) -> Held[str]:
        """Return a session. Whatever keeps it from coming, the operation itself was not sent."""
        try:
            async with asyncio.timeout_at(deadline):
                return await self._sessions.get()
        except TimeoutError:
            raise NotSent("log-in took too long") from None

    async def _log_in(self) -> Grant[str]:
        """Log in. Errors: RefusedUs when the portal refuses, NotSent when it cannot be reached or does not answer."""
        try:
            reply = await self._post(self._login_url, self._credentials(), self.deadline())
        except (ReplyLost, ReplyUnreadable) as fault:
            raise NotSent(f"log-in: {fault.hint}") from None
        if reply.http_status in _BUSY or reply.http_status >= 500:  # noqa: PLR2004 - the class of server errors
            raise NotSent(f"log-in: HTTP {reply.http_status}", retry_after_s=whole_s(reply.retry_after_s))
        session = reply.fields.get("session")
        if not reply.succeeded:
            raise RefusedUs(f"log-in: HTTP {reply.http_status}, code {reply.code or 'none'}")
        if not isinstance(session, str) or not session:
            raise NotSent("log-in: no session")
        return Grant(session)

    def _credentials(self) -> Mapping[str, object]:
        return {"username": self._config.username, "password": self._config.password.get_secret_value()}

    async def _post(self, url: str, body: Mapping[str, object], deadline: float) -> PortalReply:
        answer = await exchange(
            self._client,
            "POST",
            url,
            headers=self._headers,
            content=orjson.dumps(body),
            deadline=deadline,
            reply_bytes_max=self._config.wire.reply_bytes_max,
        )
        return read(answer)
