"""Corrections: JSON Merge Patch as RFC 7396 has it, and what it must not do to a submission."""

from typing import Any

import pytest
from pydantic import ValidationError

from hub.desk.correction import differences, fields_of, merged
from hub.pipeline.rulings import ruling_id
from hub.ports import DeliveryId
from schemas.order import PATCH_DEPTH_MAX, PATCH_VALUES_MAX
from tests.clock import ManualClock
from tests.fakes.desk_room import order_request
from tests.fakes.rest import submission

APPENDIX_A: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "expected"), APPENDIX_A)
def test_a_patch_does_what_the_standard_says(target: Any, patch: Any, expected: Any) -> None:
    """Every example of RFC 7396, appendix A."""
    assert expected == merged(target, patch)


def test_the_target_is_left_alone() -> None:
    """What lies in the log is not changed in memory either."""
    target: Any = {"a": {"b": [1]}}
    merged(target, {"a": {"b": [2], "c": 3}})

    assert {"a": {"b": [1]}} == target


def test_fields_are_told_without_what_could_be_data() -> None:
    """Dotted paths of what a patch touches; a name that is no field's is not repeated."""
    patch: dict[str, Any] = {"summary": "x", "applicant": {"phone": None}, "Nguyễn Văn A": 1, "fees": []}

    assert ("?", "applicant.phone", "fees", "summary") == fields_of(patch)


def test_differences_name_fields() -> None:
    """Lists are one field; what is equal is not named."""
    before = submission()
    after = submission(summary="Khác", attachments=[])

    assert ("summary", "attachments") == differences(before, after)
    assert () == differences(before, before)


def _deep(levels: int) -> dict[str, Any]:
    patch: dict[str, Any] = {"a": 1}
    for _ in range(levels - 1):
        patch = {"a": patch}
    return patch


@pytest.mark.parametrize(
    ("stated", "rule"),
    [
        ({"correction": {"code": "H56.14-261122-0002"}}, "fixed"),
        ({"correction": {"revision": 7}}, "fixed"),
        ({"correction": {"code": None}}, "fixed"),
        ({"correction": _deep(PATCH_DEPTH_MAX + 1)}, "too_deep"),
        ({"correction": {"a": [0] * PATCH_VALUES_MAX}}, "too_deep"),
        ({"correction": {"a": 1}, "action": "discard"}, "correction_of_replay"),
        ({"select": {}}, "one_of"),
        ({"select": {"delivery": {"message_id": "m", "operation": "o"}, "matching": {}}}, "one_of"),
    ],
)
def test_an_order_that_cannot_be_meant_is_refused(stated: dict[str, Any], rule: str) -> None:
    """With the rule that it breaks."""
    with pytest.raises(ValidationError, match=rule):
        order_request(**stated)


def test_the_deepest_lawful_correction_is_taken() -> None:
    """The bound itself is inside."""
    assert _deep(PATCH_DEPTH_MAX) == order_request(correction=_deep(PATCH_DEPTH_MAX)).correction


def test_a_ruling_has_one_id() -> None:
    """The same for the same order and delivery, another for any other; a UUID version 7 with the order's time."""
    at = ManualClock().now()
    delivery = DeliveryId("m1", "portal.sync", 0)
    ids = {
        ruling_id("o1", at, delivery),
        ruling_id("o1", at, delivery),
        ruling_id("o2", at, delivery),
        ruling_id("o1", at, DeliveryId("m1", "portal.sync", 1)),
        ruling_id("o1", at, DeliveryId("m1", "portal.progress", 0)),
    }

    assert 4 == len(ids)
    # 2026-11-22T01:00:00Z is 1795309200000 ms after 1970, 0x01a200c46280.
    assert {("01a200c4-6280", "7")} == {(each[:13], each[14]) for each in ids}
