"""API keys: `hk_<id>_<secret>`. The hub keeps a keyed digest of the secret and never the secret."""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from hub.access.entries import KeyEntry, SystemEntry
from hub.access.principal import Principal
from hub.errors import ConfigInvalid, Unauthenticated
from hub.sealing import digest

SECRET_BYTES = 32
_ID_BYTES = 6
_TOKEN = re.compile(r"hk_([a-z0-9]{4,32})_([A-Za-z0-9_-]{43})")
_NOBODY = bytes(32)


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key as it is handed out: the token goes to the caller, once; the entry goes into the configuration."""

    token: str
    entry: KeyEntry


def issue_key(pepper: bytes) -> IssuedKey:
    """Make a key from 32 random bytes."""
    key_id, secret = secrets.token_hex(_ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    entry = KeyEntry(id=key_id, digest=_digest(pepper, key_id, secret).hex())
    return IssuedKey(f"hk_{key_id}_{secret}", entry)


class ApiKeys:
    """All keys of all systems, found by id and compared in constant time.

    ConfigInvalid when two keys have one id.
    """

    def __init__(self, systems: Iterable[SystemEntry], pepper: bytes) -> None:
        self._pepper = pepper
        self._known: dict[str, tuple[bytes, Principal]] = {}
        for system in systems:
            for key in system.keys:
                self._add(key, system.principal)

    def authenticate(self, token: str) -> Principal:
        """Return the holder of a token. Unauthenticated when there is none; why is not said."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            raise Unauthenticated("not an API key")
        key_id, secret = match.groups()
        expected, holder = self._known.get(key_id, (_NOBODY, None))
        # An unknown id takes the same road, so that the time taken does not tell which ids exist.
        right = hmac.compare_digest(_digest(self._pepper, key_id, secret), expected)
        if holder is None or not right:
            raise Unauthenticated("unknown API key")
        return holder

    def _add(self, key: KeyEntry, holder: Principal) -> None:
        if key.id in self._known:
            raise ConfigInvalid(f"two API keys have the id {key.id}")
        self._known[key.id] = (bytes.fromhex(key.digest), holder)


def _digest(pepper: bytes, key_id: str, secret: str) -> bytes:
    return digest(pepper, "api-key", key_id, secret)
