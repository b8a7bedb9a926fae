"""Envelope v1: a clear header and a sealed body, as bytes on the log.

Layout: `HUB1`, length of the header (4 bytes, big endian), header (JSON), body. The body is empty or
`nonce (12 bytes) + AES-256-GCM ciphertext`, authenticated together with everything before it. Readers of v1 stay
able to read it for ever; golden envelopes in the tests hold them to that.
"""

from dataclasses import dataclass

MAGIC = b"HUB1"
HEADER_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Envelope:
    """Header bytes in clear, body bytes sealed."""

    header: bytes
    body: bytes

    @property
    def bound(self) -> bytes:
        """The bytes that the seal of the body also covers."""
        return MAGIC + len(self.header).to_bytes(4, "big") + self.header

    def to_bytes(self) -> bytes:
        """The record value."""
        return self.bound + self.body

    @classmethod
    def from_bytes(cls, value: bytes) -> "Envelope":
        """Read a record value. ValueError("envelope") when it is not an envelope v1."""
        length = int.from_bytes(value[4:8], "big")
        if value[:4] != MAGIC or len(value) < 8 + length or length > HEADER_BYTES_MAX:
            raise ValueError("envelope")
        return cls(value[8 : 8 + length], value[8 + length :])
