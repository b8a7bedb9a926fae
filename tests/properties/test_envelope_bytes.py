"""Envelopes, whatever is in them: what was written is read, and what was not written is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Unsealable
from hub.sealing import seal, unseal
from schemas.envelope import Envelope

KEYS = st.binary(min_size=32, max_size=32)
HEADERS, BODIES = st.binary(max_size=300), st.binary(max_size=300)


@given(HEADERS, BODIES)
def test_an_envelope_is_read_as_it_was_written(header: bytes, body: bytes) -> None:
    """Both parts, whatever bytes they are, and no others."""
    envelope = Envelope(header, body)

    assert envelope == Envelope.from_bytes(envelope.to_bytes())
    assert envelope.to_bytes() == envelope.bound + body


@given(st.binary(max_size=100) | BODIES.map(lambda tail: b"HUB1" + tail))
def test_any_bytes_are_an_envelope_or_a_value_error(value: bytes) -> None:
    """And an envelope that was read is the bytes that it was read from."""
    try:
        read = Envelope.from_bytes(value).to_bytes()
    except ValueError as error:
        read = str(error).encode()

    assert read in (value, b"envelope")


@given(HEADERS, BODIES, KEYS)
def test_the_key_opens(header: bytes, body: bytes, key: bytes) -> None:
    """What it sealed, after any way through bytes."""
    assert body == unseal(Envelope.from_bytes(seal(header, body, key).to_bytes()), key)


@given(HEADERS, BODIES.filter(bool), KEYS, st.data())
def test_one_flipped_bit_shuts_the_body(header: bytes, body: bytes, key: bytes, data: st.DataObject) -> None:
    """Wherever it is: in header, nonce, ciphertext or tag. Before the header it is no envelope, or another one."""
    value = bytearray(seal(header, body, key).to_bytes())
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    value[bit // 8] ^= 1 << bit % 8

    with pytest.raises((Unsealable, ValueError)):
        _opened(bytes(value), key)


@given(HEADERS, BODIES.filter(bool), KEYS, KEYS)
def test_no_other_key_opens(header: bytes, body: bytes, key: bytes, other: bytes) -> None:
    """Only the same one."""
    if key == other:
        return
    with pytest.raises(Unsealable):
        unseal(seal(header, body, key), other)


def _opened(value: bytes, key: bytes) -> bytes:
    """Open bytes; a length that swallows the body leaves one that nobody sealed, which counts as shut."""
    envelope = Envelope.from_bytes(value)
    if not envelope.body:
        raise ValueError("nothing is left to open")
    return unseal(envelope, key)
