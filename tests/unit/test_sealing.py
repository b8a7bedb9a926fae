"""Sealing: only the right key opens, only where it was sealed, and digests tell nothing without their key."""

import pytest

from hub.errors import Unsealable
from hub.sealing import digest, seal, unseal
from schemas.envelope import Envelope

KEY, OTHER = bytes(range(32)), bytes(range(1, 33))
HEADER = b'{"v":1}'
BODY = "Nguyễn Văn A".encode()


def test_the_key_opens_what_it_sealed() -> None:
    """The body comes back as it was, and does not stand in the record."""
    sealed = seal(HEADER, BODY, KEY)

    assert BODY == unseal(Envelope.from_bytes(sealed.to_bytes()), KEY)
    assert HEADER == sealed.header
    assert BODY not in sealed.to_bytes()


def test_another_key_does_not_open() -> None:
    """Unsealable, and the error says nothing of the body."""
    with pytest.raises(Unsealable) as raised:
        unseal(seal(HEADER, BODY, KEY), OTHER)

    assert "Nguyễn" not in str(raised.value)


@pytest.mark.parametrize("key", [b"", KEY[:31], KEY + b"\0"])
def test_a_key_of_a_wrong_size_does_not_open(key: bytes) -> None:
    """It is a key that does not fit, not a crash."""
    with pytest.raises(Unsealable):
        unseal(seal(HEADER, BODY, KEY), key)


def test_a_body_opens_under_its_own_header_only() -> None:
    """Nobody can hang the body of one message under the header of another one."""
    body = seal(HEADER, BODY, KEY).body

    with pytest.raises(Unsealable):
        unseal(Envelope(b'{"v":2}', body), KEY)


@pytest.mark.parametrize("size", [1, 11, 12, 13, 27])
def test_a_body_that_was_cut_does_not_open(size: int) -> None:
    """Neither within the nonce nor within the tag."""
    with pytest.raises(Unsealable):
        unseal(Envelope(HEADER, seal(HEADER, BODY, KEY).body[:size]), KEY)


def test_an_empty_body_stays_empty() -> None:
    """There is nothing to seal, and no key is needed to read it."""
    sealed = seal(HEADER, b"", b"")

    assert b"" == sealed.body
    assert b"" == unseal(sealed, b"")


def test_no_nonce_is_used_twice() -> None:
    """The same body is sealed differently each time; GCM with a nonce used twice gives the key away."""
    assert 1000 == len({seal(HEADER, BODY, KEY).body[:12] for _ in range(1000)})


def test_a_digest_is_hmac_over_parts_with_their_lengths() -> None:
    """HMAC-SHA256 over eight bytes of length and the part, for each part; computed with openssl."""
    assert "4c4310cffe7ba6c4f2ddf7cad55bffff9f193b386b6535ee144825ab573d66cc" == digest(KEY, "abc", "d").hex()
    assert digest(KEY, "abc", "d") == digest(KEY, b"abc", b"d")


def test_parts_do_not_run_together() -> None:
    """Two lists of parts that join to the same text have two digests; so have one text under two keys."""
    digests = [digest(KEY, "abc", "d"), digest(KEY, "ab", "cd"), digest(KEY, "abcd"), digest(KEY, "abcd", "")]

    assert 5 == len({*digests, digest(OTHER, "abc", "d")})
