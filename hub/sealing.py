"""Sealing bodies: AES-256-GCM with the subject's own key, the clear header authenticated with it."""

import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import Unsealable
from schemas.envelope import Envelope

_NONCE_BYTES = 12


def seal(header: bytes, body: bytes, key: bytes) -> Envelope:
    """Return an envelope v1 whose body only `key` (32 bytes) opens. An empty body stays empty."""
    if not body:
        return Envelope(header, b"")
    nonce = os.urandom(_NONCE_BYTES)
    return Envelope(header, nonce + AESGCM(key).encrypt(nonce, body, Envelope(header, b"").bound))


def unseal(envelope: Envelope, key: bytes) -> bytes:
    """Return the body. Unsealable when the key is another one or a byte was changed."""
    if not envelope.body:
        return b""
    nonce, sealed = envelope.body[:_NONCE_BYTES], envelope.body[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, sealed, envelope.bound)
    except (InvalidTag, ValueError):
        raise Unsealable("the key does not open the body") from None


def digest(key: bytes, *parts: str | bytes) -> bytes:
    """Return a keyed digest (32 bytes) of personal data or bodies, which nobody without the key can search.

    Parts are length-prefixed, so that no two lists of parts give the same digest by joining differently.
    """
    mac = hmac.new(key, digestmod=sha256)
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        mac.update(len(data).to_bytes(8, "big") + data)
    return mac.digest()
