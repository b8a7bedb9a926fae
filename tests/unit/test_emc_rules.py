"""What EMC's replies mean, and how an operator changes it."""

import pytest

from adapters.monitoring.emc.config import EmcConfig
from adapters.monitoring.emc.rules import tracking_rules
from hub.pipeline.classify import classify
from hub.ports import Reply
from schemas.delivery import OutcomeClass as Is

PAGE = "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected.</body></html>"


def config(**changes: object) -> EmcConfig:
    """A configuration."""
    account = {"url": "https://emc.example/TrackingMCDT", "location": "38", "user_identity": "none"}
    return EmcConfig.model_validate({**account, **changes})


@pytest.mark.parametrize(
    ("status", "text", "outcome"),
    [
        (200, '{"message":"ok"}', Is.DELIVERED),
        (200, "", Is.DELIVERED),
        (202, "true", Is.DELIVERED),
        (204, "", Is.DELIVERED),
        (200, PAGE, Is.REFUSED_US),
        (302, "", Is.REFUSED_US),
        (400, "Status is invalid", Is.REFUSED_MESSAGE),
        (413, "", Is.REFUSED_MESSAGE),
        (422, "", Is.REFUSED_MESSAGE),
        (401, "", Is.REFUSED_US),
        (403, "site", Is.REFUSED_US),
        (404, "", Is.REFUSED_US),
        (405, "", Is.REFUSED_US),
        (415, "", Is.REFUSED_US),
        (408, "", Is.UNKNOWN),
        (429, "", Is.UNAVAILABLE),
        (503, "", Is.UNAVAILABLE),
        (500, "", Is.UNKNOWN),
        (502, PAGE, Is.UNKNOWN),
        (504, "", Is.UNKNOWN),
    ],
)
def test_replies_mean_what_the_table_says(status: int, text: str, outcome: Is) -> None:
    """Any success counts; what may have acted is unknown; what all events share spares the message."""
    assert outcome is classify(Reply(status, "", text), tracking_rules(config()))


def test_an_operator_replaces_the_table() -> None:
    """When EMC's answers are known, a text can tell a refusal apart from a success."""
    rows = [
        {"outcome": "refused_message", "http_status": "200", "text": "không hợp lệ"},
        {"outcome": "delivered", "http_status": "200-299"},
    ]
    rules = tracking_rules(config(rules=rows))

    said = ["Dữ liệu KHÔNG HỢP LỆ", "ok"]
    assert [Is.REFUSED_MESSAGE, Is.DELIVERED] == [classify(Reply(200, "", text), rules) for text in said]
    assert Is.UNKNOWN is classify(Reply(400, "", ""), rules)
