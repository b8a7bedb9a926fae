"""Sessions of people who signed in: a signed cookie that names a principal and an end, and nothing else.

Nothing is kept at the hub, so that every process that has the signing key knows every session.
"""

import base64
import binascii
import hmac

import orjson

from hub.access import Principal
from hub.ports import Clock
from hub.sealing import digest
from schemas.agency import AgencyCode

COOKIE = "hub_session"
AGE_S_MAX = 8 * 3600
_COOKIE_CHARS_MAX = 1024


class Sessions:
    """Makes and reads the value of the cookie. A session ends after `age_s_max`, or with another `key` (32 bytes)."""

    def __init__(self, key: bytes, clock: Clock, age_s_max: int = AGE_S_MAX) -> None:
        self._key = key
        self._clock = clock
        self.age_s_max = age_s_max

    def begin(self, principal: Principal) -> str:
        """Return the cookie of a session that begins."""
        until = int(self._clock.now().timestamp()) + self.age_s_max
        claim = orjson.dumps([str(principal.agency), principal.system, until])
        return f"{_text(claim)}.{_text(self._mac(claim))}"

    def holder(self, cookie: str) -> Principal | None:
        """Return whose session it is; None when the cookie is not ours, was changed, or is over."""
        claim, mac = _split(cookie)
        if not hmac.compare_digest(mac, self._mac(claim)):
            return None
        agency, system, until = orjson.loads(claim)
        if self._clock.now().timestamp() >= until:
            return None
        return Principal(AgencyCode.parse(agency), system)

    def _mac(self, claim: bytes) -> bytes:
        return digest(self._key, "console-session", claim)


def _split(cookie: str) -> tuple[bytes, bytes]:
    claim, _, mac = cookie[:_COOKIE_CHARS_MAX].partition(".")
    try:
        return _bytes(claim), _bytes(mac)
    except (binascii.Error, ValueError):
        return b"", b""


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
