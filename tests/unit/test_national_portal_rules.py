"""What the portal's replies mean, and how an operator changes it."""

import pytest
from pydantic import ValidationError

from adapters.national_portal.config import PortalConfig, Recognition
from adapters.national_portal.rules import progress_rules, sync_rules
from hub.pipeline.classify import classify
from hub.ports import Reply
from schemas.delivery import OutcomeClass as Is

PAGE = "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected.</body></html>"


def config(**changes: object) -> PortalConfig:
    """A configuration."""
    account = {"username": "u", "password": "p", "provider": "VN/GOV/G22", "unit": "H56"}
    return PortalConfig.model_validate({"adapter_url": "https://portal.example", **account, **changes})


COMMON = [
    (200, "0", "Đồng bộ hồ sơ thành công", Is.DELIVERED),
    (200, "00", "Cập nhật THÀNH CÔNG.", Is.DELIVERED),
    (200, "0", "Đồng bộ không thành công", Is.UNKNOWN),
    (200, "0", "Dữ liệu chưa được ghi nhận thành công", Is.UNKNOWN),
    (200, "0", "Đồng bộ không được thành công", Is.UNKNOWN),
    (200, "0", "Dữ liệu chưa được ghi nhận", Is.UNKNOWN),
    (200, "00", "", Is.UNKNOWN),
    (200, "-1", "Đồng bộ thành công", Is.REFUSED_MESSAGE),
    (500, "0", "thành công", Is.UNKNOWN),
    (200, "-6", "Trường NgayTiepNhan: bắt buộc", Is.REFUSED_MESSAGE),
    (400, "", "Nội dung không phải JSON", Is.REFUSED_MESSAGE),
    (422, "", "", Is.REFUSED_MESSAGE),
    (413, "", "", Is.REFUSED_MESSAGE),
    (200, "-2", "session không hợp lệ", Is.REFUSED_US),
    (200, "-2", "Phiên đăng nhập đã hết hạn", Is.REFUSED_US),
    (200, "-6", "Phiên bản thủ tục không hợp lệ", Is.REFUSED_MESSAGE),
    (200, "-5", "madonvi không được phép", Is.REFUSED_US),
    (400, "-11", "dstcode không đúng", Is.REFUSED_US),
    (200, "", PAGE, Is.REFUSED_US),
    (302, "", "", Is.REFUSED_US),
    (401, "", "", Is.REFUSED_US),
    (403, "", PAGE, Is.REFUSED_US),
    (404, "", "", Is.REFUSED_US),
    (405, "", "", Is.REFUSED_US),
    (408, "", "", Is.UNKNOWN),
    (429, "", "", Is.UNAVAILABLE),
    (503, "", "", Is.UNAVAILABLE),
    (500, "", "", Is.UNKNOWN),
    (502, "", PAGE, Is.UNKNOWN),
    (504, "", "", Is.UNKNOWN),
    (200, "99", "Lỗi hệ thống", Is.UNKNOWN),
    (200, "-10", "Chưa ghi nhận, hệ thống bận", Is.UNKNOWN),
]


@pytest.mark.parametrize(("status", "code", "text", "outcome"), COMMON)
def test_replies_mean_what_the_table_says(status: int, code: str, text: str, outcome: Is) -> None:
    """Success needs the code and the words; what may have acted is unknown; our own account spares the message."""
    reply = Reply(status, code, text)

    assert outcome is classify(reply, sync_rules(config()))
    assert outcome is classify(reply, progress_rules(config()))


@pytest.mark.parametrize("code", ["3", "-3"])
def test_a_duplicate_that_remains_is_in_doubt(code: str) -> None:
    """After the switch to an update the portal still says "exists": only asking tells what it holds."""
    assert Is.UNKNOWN is classify(Reply(200, code, "Hồ sơ đã tồn tại"), sync_rules(config()))


def test_the_operator_replaces_a_whole_table() -> None:
    """Rows of the configuration stand in place of the defaults, for that operation only."""
    changed = config(sync_rules=[{"outcome": "delivered", "http_status": "200-299", "code": "1", "text": "xong"}])

    assert Is.DELIVERED is classify(Reply(201, "1", "Đã XONG"), sync_rules(changed))
    assert Is.UNKNOWN is classify(Reply(300, "1", "Đã xong"), sync_rules(changed))
    assert Is.UNKNOWN is classify(Reply(200, "0", "thành công"), sync_rules(changed))
    assert Is.DELIVERED is classify(Reply(200, "0", "thành công"), progress_rules(changed))


def test_the_operator_changes_what_a_refused_session_looks_like() -> None:
    """The codes of the portal, once known, take the place of words."""
    changed = config(session_refused={"codes": ["17"]})

    assert Is.REFUSED_US is classify(Reply(200, "17", "x"), sync_rules(changed))
    assert Is.REFUSED_MESSAGE is classify(Reply(200, "18", "session"), sync_rules(changed))


def test_patterns_match_whatever_the_form_of_unicode() -> None:
    """A pattern typed with combining marks (macOS) matches the portal's text."""
    changed = config(sync_rules=[{"outcome": "delivered", "text": "tha\u0300nh co\u0302ng"}])

    assert Is.DELIVERED is classify(Reply(200, "x", "thành công"), sync_rules(changed))


@pytest.mark.parametrize(
    ("recognition", "code", "text", "fits"),
    [
        (Recognition(codes=("3",), text="tồn tại"), "3", "đã tồn tại", True),
        (Recognition(codes=("3",), text="tồn tại"), "3", "khác", False),
        (Recognition(codes=("3",), text="tồn tại"), "4", "đã tồn tại", False),
        (Recognition(codes=("3",)), "3", "khác", True),
        (Recognition(text="TỒN TẠI"), "9", "đã tồn tại", True),
        (Recognition(), "3", "đã tồn tại", False),
    ],
)
def test_a_recognition_needs_all_that_it_names(recognition: Recognition, code: str, text: str, fits: bool) -> None:
    """Code and text together where both are given; nothing given fits nothing."""
    assert fits is recognition.fits(code, text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"adapter_url": "http://portal.example"},
        {"adapter_url": "portal.example"},
        {"sync_rules": [{"outcome": "fine"}]},
        {"sync_rules": [{"outcome": "delivered", "text": "("}]},
        {"sync_rules": [{"outcome": "delivered", "http_status": "2xx"}]},
        {"duplicate": {"text": "["}},
        {"provider": "VN GOV\r\nx: y"},
        {"password": None},
        {"usernam": "x"},
    ],
)
def test_what_makes_no_sense_stops_the_start(wrong: dict[str, object]) -> None:
    """Addresses without TLS, patterns that are none, unknown words: refused when the configuration is read."""
    with pytest.raises(ValidationError):
        config(**wrong)


def test_the_password_shows_nowhere() -> None:
    """Printing a configuration shows no secret."""
    assert "verysecret" not in repr(config(password="verysecret"))
