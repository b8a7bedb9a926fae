"""Who may ask: `Authorization: Basic base64(user:hash)`; the hash is of urlXacThuc + user + timestamp + secret."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from ops.sandbox.clock import Clock
from ops.sandbox.population.settings import PopulationSettings

_BASIC = b"Basic "


def call_hash(auth_url: str, user: str, timestamp: str, secret: str) -> str:
    """Compute the hash that a caller shows instead of the secret."""
    return hashlib.sha256(f"{auth_url}{user}{timestamp}{secret}".encode()).hexdigest()


class Credentials:
    """Checks the headers that say who is calling and when."""

    def __init__(self, settings: PopulationSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.secret = settings.secret

    def refusal(self, headers: Mapping[bytes, bytes], *, clock_wrong: bool) -> str | None:
        """Say why a call is not let in; None when it is. `clock_wrong` behaves as if the clocks were apart."""
        timestamp = headers.get(b"timestamp", b"").decode("latin-1")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) == 13):  # noqa: PLR2004  # epoch ms
            return "timestamp"
        skew_s = abs(int(timestamp) / 1000 - self._clock.now().timestamp())
        if clock_wrong or skew_s > self._settings.skew_max_s:
            return "clock_skew"
        user, shown = _basic(headers.get(b"authorization", b""))
        wanted = call_hash(self._settings.auth_url, self._settings.user, timestamp, self.secret)
        if user != self._settings.user or not hmac.compare_digest(shown.encode(), wanted.encode()):
            return "authorization"
        return None


def _basic(header: bytes) -> tuple[str, str]:
    """Take `user` and `hash` out of the header; empty texts when it is of another kind."""
    if not header.startswith(_BASIC):
        return "", ""
    try:
        user, _, shown = base64.b64decode(header.removeprefix(_BASIC), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, shown
