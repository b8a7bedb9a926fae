"""What an operator may write about a platform's connections."""

import pytest
from pydantic import ValidationError

from adapters.wire.settings import WireSettings


def test_settings_are_read_from_text() -> None:
    """Configuration files hold text only."""
    settings = WireSettings.model_validate({"plain_http": "true", "read_timeout_s": "2.5", "connections_max": "8"})

    assert (True, 2.5, 8) == (settings.plain_http, settings.read_timeout_s, settings.connections_max)


@pytest.mark.parametrize(
    "wrong",
    [
        {"connect_timeout_s": "11"},
        {"ready_timeout_s": "90"},
        {"read_timeout_s": "0"},
        {"connections_max": "0"},
        {"reply_bytes_max": "0"},
        {"cert_file": "hub.pem"},
        {"retries": "3"},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, str]) -> None:
    """Bounds out of order, zero bounds, half a certificate and unknown keys stop the start."""
    with pytest.raises(ValidationError):
        WireSettings.model_validate(wrong)


@pytest.mark.parametrize(
    ("url", "plain_http", "allowed"),
    [
        ("https://portal.example/", False, True),
        ("http://portal.example/", False, False),
        ("http://portal.example/", True, True),
        ("ftp://portal.example/", True, False),
        ("portal.example", True, False),
    ],
)
def test_addresses_are_https_unless_stated(url: str, plain_http: bool, allowed: bool) -> None:
    """Only `plain_http` opens the door to http, and nothing opens it to other schemes."""
    assert allowed is WireSettings(plain_http=plain_http).allows(url)
