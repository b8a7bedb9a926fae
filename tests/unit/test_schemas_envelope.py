"""Envelope v1: magic, length of the header, header, body."""

import pytest

from schemas.envelope import HEADER_BYTES_MAX, Envelope


def test_the_layout_is_fixed() -> None:
    """`HUB1`, four bytes of length with the large end first, the header, the body."""
    assert b"HUB1\x00\x00\x00\x02{}body" == Envelope(b"{}", b"body").to_bytes()
    assert Envelope(b"{}", b"body") == Envelope.from_bytes(b"HUB1\x00\x00\x00\x02{}body")


def test_the_seal_covers_everything_before_the_body() -> None:
    """Magic and length as well, so that a header cannot be moved into the body."""
    assert b"HUB1\x00\x00\x00\x02{}" == Envelope(b"{}", b"body").bound


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"HUB",
        b"HUB1",
        b"HUB1\x00\x00\x00",
        b"HUB2\x00\x00\x00\x00",
        b"hub1\x00\x00\x00\x00",
        b"HUB1\x00\x00\x00\x03{}",
        b"HUB1\xff\xff\xff\xff{}",
        b"HUB1\x00\x01\x00\x01" + bytes(HEADER_BYTES_MAX + 1),
    ],
    ids=[
        "nothing",
        "half",
        "no length",
        "half a length",
        "version 2",
        "small letters",
        "short",
        "endless",
        "too large",
    ],
)
def test_other_bytes_are_no_envelope(value: bytes) -> None:
    """ValueError by name, whatever the length says."""
    with pytest.raises(ValueError, match=r"^envelope$"):
        Envelope.from_bytes(value)


@pytest.mark.parametrize("size", [0, 1, HEADER_BYTES_MAX])
def test_headers_of_every_lawful_size_are_read(size: int) -> None:
    """Up to the bound itself."""
    assert Envelope(bytes(size), b"x") == Envelope.from_bytes(Envelope(bytes(size), b"x").to_bytes())
