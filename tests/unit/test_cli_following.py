"""`hub follow` shows every hop of a dossier, and says plainly when it cannot."""

import io
from datetime import UTC, datetime

import httpx
import pytest
from rich.console import Console

from hub.cli.following import fetch_timeline, show
from hub.errors import Forbidden, HubError, NotFound, Unauthenticated, Unavailable
from schemas.delivery import DeliveryState, OutcomeClass, Step
from schemas.timeline import DeliveryLine, Hop, MessageLine, Timeline

CODE = "H56.14-261122-0001"
TIMELINE = Timeline(
    dossier_code=CODE,
    messages=(
        MessageLine(
            message_id="0192f0c1",
            kind="dossier",
            revision=2,
            sender_agency="H56.14",
            sender_system="mot-cua",
            accepted_at=datetime(2026, 11, 22, 17, 30, tzinfo=UTC),
            deliveries=(
                DeliveryLine(
                    operation="portal.sync",
                    platform="portal",
                    part=0,
                    of=1,
                    state=DeliveryState.WAITING,
                    attempts=0,
                    code=None,
                    next_try_at=None,
                    possibly_doubled=False,
                ),
                DeliveryLine(
                    operation="portal.progress",
                    platform="portal",
                    part=1,
                    of=2,
                    state=DeliveryState.IN_DOUBT,
                    attempts=3,
                    code="500",
                    next_try_at=datetime(2026, 11, 22, 17, 31, tzinfo=UTC),
                    possibly_doubled=True,
                ),
            ),
            hops=(
                Hop(at=datetime(2026, 11, 22, 17, 30, tzinfo=UTC), event="accepted"),
                Hop(
                    at=datetime(2026, 11, 22, 17, 30, 1, tzinfo=UTC),
                    event="tried",
                    platform="portal",
                    operation="portal.progress",
                    part=1,
                    attempt=3,
                    step=Step.SEND,
                    state=DeliveryState.IN_DOUBT,
                    outcome_class=OutcomeClass.UNKNOWN,
                    code="500",
                    next_try_at=datetime(2026, 11, 22, 17, 31, tzinfo=UTC),
                    reason="[SANDBOX] Lỗi hệ thống\n\x1b[2J",
                ),
            ),
        ),
    ),
)


def _answering(status: int, content: bytes = b"") -> httpx.MockTransport:
    return httpx.MockTransport(lambda _request: httpx.Response(status, content=content))


def test_the_hub_is_asked_with_the_key() -> None:
    """The key travels in a header, the code in the path, escaped."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=TIMELINE.model_dump_json().encode())

    found = fetch_timeline("http://127.0.0.1:8080", "H56/14", "hk_a_b", httpx.MockTransport(answer))
    assert TIMELINE == found
    assert b"/v1/dossiers/H56%2F14/timeline" == seen[0].url.raw_path
    assert "Bearer hk_a_b" == seen[0].headers["authorization"]


@pytest.mark.parametrize(
    ("transport", "error", "words"),
    [
        (_answering(404), NotFound, f"{CODE}: the hub knows no such dossier, or it belongs to another agency"),
        (_answering(401), Unauthenticated, "the hub does not know this API key"),
        (_answering(403), Forbidden, "this API key may not follow dossiers"),
        (_answering(503), Unavailable, "the hub answered with HTTP 503"),
        (_answering(200, b"<html>"), Unavailable, "what answered is not a hub"),
    ],
)
def test_what_went_wrong_is_said(transport: httpx.MockTransport, error: type[HubError], words: str) -> None:
    """Each answer of the hub has its own words."""
    with pytest.raises(error) as caught:
        fetch_timeline("http://127.0.0.1:8080", CODE, "hk_a_b", transport)
    assert caught.value.hint.startswith(words)


def test_an_address_that_is_none_is_said() -> None:
    """A mistyped --url is no traceback."""
    with pytest.raises(Unavailable, match="no hub answers at nowhere"):
        fetch_timeline("nowhere", CODE, "hk_a_b")


def test_every_hop_is_shown_in_vietnamese_time() -> None:
    """Each delivery comes with its tries and with what the platform said; 17:30 UTC is half past midnight there."""
    assert [
        f"Dossier {CODE}: 1 message, times Asia/Ho_Chi_Minh",
        "",
        "dossier revision 2, message 0192f0c1",
        "  from H56.14/mot-cua, accepted 23/11/2026 00:30:00",
        "  portal.sync: waiting, not tried yet",
        "  portal.progress [2 of 2]: in_doubt, after 3 tries; possibly doubled; next try 23/11/2026 00:31:00",
        "    23/11/2026 00:30:01  tried, try 3: unknown (code 500) -> in_doubt",
        "      [SANDBOX] Lỗi hệ thống  [2J",
    ] == _shown(width=200)


def test_a_narrow_terminal_loses_nothing() -> None:
    """Lines are left whole, whatever the width."""
    assert _shown(width=200) == _shown(width=20)


def _shown(width: int) -> list[str]:
    text = io.StringIO()
    show(TIMELINE, Console(file=text, width=width))
    return text.getvalue().splitlines()
