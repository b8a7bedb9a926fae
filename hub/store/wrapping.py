"""Data keys wrapped by a master key: AES-256-GCM, bound to the key's id and its subject."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import ConfigInvalid, Unsealable
from hub.sealing import digest

_KEY_BYTES = 32
_NONCE_BYTES = 12


class MasterKey:
    """32 bytes that wrap data keys and hide the names of their subjects. Its id says nothing about its bytes.

    ConfigInvalid when the bytes are not 32.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY_BYTES:
            raise ConfigInvalid(f"the master key has {len(key)} bytes instead of {_KEY_BYTES}")
        self.id = digest(key, "master key id").hex()[:16]
        self._wrapping = AESGCM(digest(key, "wrapping of data keys"))
        self._subject_key = digest(key, "subjects of data keys")

    def subject(self, name: str) -> bytes:
        """Return the keyed digest under which a subject is stored."""
        return digest(self._subject_key, name)

    def wrap(self, key_id: str, subject: bytes, key: bytes) -> bytes:
        """Return the wrapped data key."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, _bound(key_id, subject))

    def unwrap(self, key_id: str, subject: bytes, wrapped: bytes) -> bytes:
        """Return the data key. Unsealable when it was wrapped otherwise, for another subject, or changed."""
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return self._wrapping.decrypt(nonce, sealed, _bound(key_id, subject))
        except (InvalidTag, ValueError):
            raise Unsealable(f"data key {key_id} cannot be unwrapped") from None


def fresh_key() -> bytes:
    """Return a random data key."""
    return os.urandom(_KEY_BYTES)


def nobody() -> bytes:
    """Return what stands in the place of a subject that is forgotten."""
    return os.urandom(_KEY_BYTES)


def _bound(key_id: str, subject: bytes) -> bytes:
    return key_id.encode() + b"\0" + subject
