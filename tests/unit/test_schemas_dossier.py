"""Dossier codes and submissions (TT 01/2018/TT-VPCP, TT 03/2025/TT-VPCP)."""

import json
from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.agency import AgencyCode
from schemas.dossier import DossierCode, DossierStatus, DossierSubmission
from tests.fakes.rest import submission, submission_json


@pytest.mark.parametrize(
    ("text", "agency", "day", "number", "canonical"),
    [
        ("H56.14-250901-0007", "H56.14", date(2025, 9, 1), "0007", "H56.14-250901-0007"),
        ("000.00.01.H40-250901-0007", "H40.01", date(2025, 9, 1), "0007", "H40.01-250901-0007"),
        ("000.00.00.H00-250901-0001", "H00", date(2025, 9, 1), "0001", "H00-250901-0001"),
        ("H56.14-240229-123456789", "H56.14", date(2024, 2, 29), "123456789", "H56.14-240229-123456789"),
        ("H56.7-261122-0001", "H56.07", date(2026, 11, 22), "0001", "H56.07-261122-0001"),
    ],
)
def test_a_code_is_read(text: str, agency: str, day: date, number: str, canonical: str) -> None:
    """Agency, day and number of the day; the canonical text orders the dossier's messages."""
    code = DossierCode.parse(text)

    assert (AgencyCode.parse(agency), day, number) == (code.agency, code.day, code.number)
    assert canonical == str(code)


def test_two_spellings_are_one_dossier() -> None:
    """They lie in one lane."""
    assert DossierCode.parse("H56.14-261122-0001") == DossierCode.parse("000.00.14.H56-261122-0001")


def test_the_number_keeps_its_zeros() -> None:
    """`0001` and `00001` are two dossiers: platforms compare texts."""
    assert DossierCode.parse("H56.14-261122-0001") != DossierCode.parse("H56.14-261122-00001")


@pytest.mark.parametrize(
    "text",
    ["", "H56.14", "H56.14-261122", "H56.14-261122-001", "H56.14-261122-1234567890", "H56.14-261301-0001",
     "H56.14-260229-0001", "H56.14-260431-0001", "H56.14-20261122-0001", "H56.14_261122_0001", "H56.14-261122-000A",
     "H56.14-261122-0001 ", "h56.14-261122-0001", "A00.00.14.H56-261122-0001", "000.00.14.X56-261122-0001",
     "H56.14-000000-0001", "H56.14-261122-0001-1"],
)  # fmt: skip
def test_other_texts_are_no_codes(text: str) -> None:
    """Impossible days among them; each is a ValueError by the name of the rule."""
    with pytest.raises(ValueError, match=r"^dossier_code$"):
        DossierCode.parse(text)


def broken(**changes: Any) -> list[tuple[str, str]]:
    """Return (path, pydantic's kind) of what is wrong with the example after changes; None takes a field out."""
    document = {**json.loads(submission_json()), **changes}
    body = json.dumps({name: value for name, value in document.items() if value is not None})
    try:
        DossierSubmission.model_validate_json(body)
    except ValidationError as error:
        return [(".".join(map(str, each["loc"])), each["type"]) for each in error.errors()]
    return []


def step(**changes: Any) -> dict[str, Any]:
    """Return the step of the example, with changes."""
    return {**json.loads(submission_json())["progress"][0], **changes}


@pytest.mark.parametrize(
    ("changes", "path", "kind"),
    [
        ({"revision": 0}, "revision", "greater_than_equal"),
        ({"revision": 1_000_001}, "revision", "less_than_equal"),
        ({"revision": "1"}, "revision", "int_type"),
        ({"status": "done"}, "status", "enum"),
        ({"applicant": {"kind": "citizen", "name": "A", "personal_number": "0010000000"}},
         "applicant.personal_number", "string_pattern_mismatch"),
        ({"applicant": {"kind": "citizen", "name": "A", "phone": "call me"}}, "applicant.phone",
         "string_pattern_mismatch"),
        ({"applicant": {"kind": "citizen", "name": "A", "email": "a@b"}}, "applicant.email", "string_pattern_mismatch"),
        ({"applicant": {"kind": "citizen", "name": ""}}, "applicant.name", "too_short"),
        ({"attachments": [{"id": "1", "name": "a", "url": "ftp://x/y"}]}, "attachments.0.url", "url_scheme"),
        ({"attachments": [{"id": "a b", "name": "a", "url": "https://x/y"}]}, "attachments.0.id",
         "string_pattern_mismatch"),
        ({"fees": [{"code": "A", "name": "A", "kind": "tax", "amount_vnd": 1}]}, "fees.0.kind",
         "string_pattern_mismatch"),
        ({"fees": [{"code": "A", "name": "A", "kind": "fee", "amount_vnd": -1}]}, "fees.0.amount_vnd",
         "greater_than_equal"),
        ({"fees": [{"code": "A", "name": "A", "kind": "fee", "amount_vnd": 1.0}]}, "fees.0.amount_vnd", "int_type"),
        ({"progress": [step(officer="x" * 51)]}, "progress.0.officer", "too_long"),
        ({"progress": [step()] * 201}, "progress", "too_long"),
        ({"attachments": [{"id": "1", "name": "a", "url": "https://x/y"}] * 101}, "attachments", "too_long"),
        ({"consulted_databases": ["dân cư"]}, "consulted_databases.0", "string_pattern_mismatch"),
        ({"note": "x" * 4001}, "note", "too_long"),
        ({"code": "H56.14-261122"}, "code", "value_error"),
        ({"summary": None}, "summary", "missing"),
        ({"ghi_chu": "x"}, "ghi_chu", "extra_forbidden"),
    ],
)  # fmt: skip
def test_a_submission_that_breaks_a_rule_is_refused(changes: dict[str, Any], path: str, kind: str) -> None:
    """At its field, by its kind."""
    assert (path, kind) in broken(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": 1_000_000},
        {"applicant": {"kind": "enterprise", "name": "Công ty A"}},
        {"applicant": {"kind": "citizen", "name": "A", "personal_number": "099000001", "phone": "+84 912.345.678"}},
        {"fees": [{"code": "A", "name": "A", "kind": "charge", "amount_vnd": 10_000_000_000}]},
        {"progress": [], "note": "hai\ndòng"},
        {"code": "000.00.14.H56-261122-0001"},
    ],
)
def test_what_is_lawful_is_taken(changes: dict[str, Any]) -> None:
    """Bounds belong to what is allowed."""
    assert [] == broken(**changes)


def test_the_code_stays_as_it_was_written() -> None:
    """Platforms know the dossier by it; only blanks around it are dropped."""
    assert "000.00.14.H56-261122-0001" == submission(code=" 000.00.14.H56-261122-0001 ").code


def test_a_submission_cannot_be_changed() -> None:
    """It passes through many hands."""
    with pytest.raises(ValidationError):
        submission().revision = 2  # type: ignore[misc]  # that it cannot be done is what is tested


def test_a_dossier_has_the_ten_states_of_the_portal() -> None:
    """In the hub's own words."""
    assert [
        *("registered", "accepted", "not_accepted", "processing", "supplement_requested"),
        *("payment_requested", "withdrawn", "stopped", "finished", "returned"),
    ] == [str(status) for status in DossierStatus]
