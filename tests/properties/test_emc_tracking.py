"""Every lawful dossier becomes an event that EMC's table allows, and names nobody unless it may."""

import json
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.monitoring.emc.config import EmcConfig, FieldNames, Identity, Level
from adapters.monitoring.emc.tracking import event
from ops.sandbox.emc.event_form import problem_of
from schemas.dossier import (
    Applicant,
    ApplicantKind,
    Channel,
    DossierStatus,
    DossierSubmission,
    FeePayment,
    ResultDelivery,
)
from schemas.procedure import Procedure

ALLOWED: dict[str, tuple[str, ...]] = {
    "Status": ("0", "1", "2", "3", "4"),
    "FormsReception": ("1", "2"),
    "FormsPayments": ("0", "1", "2"),
    "Level": ("0", "1", "3", "4"),
    "IsFromDVCQG": ("0", "1"),
    "IsDVCBC": ("0", "1", "2"),
}
"""The codes of the interface's table."""

TEXT = st.text(st.characters(blacklist_categories=("Cc", "Cs")), min_size=1, max_size=200).filter(str.strip)
NUMBERS = st.from_regex(r"[0-9]{12}|[0-9]{9}", fullmatch=True)
AGENCIES = st.from_regex(
    r"[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[GHK][0-9]{2}|[A-Z][0-9]{2}(\.[0-9]{1,3}){0,3}", fullmatch=True
)
CODES = st.builds("{}-{:%y%m%d}-{}".format, AGENCIES, st.dates(date(2000, 1, 1), date(2099, 12, 31)),
                  st.from_regex(r"[0-9]{4,9}", fullmatch=True))  # fmt: skip
PROCEDURES = st.from_regex(r"[0-9]\.[0-9]{6}", fullmatch=True)


@st.composite
def submissions(draw: st.DrawFn) -> DossierSubmission:
    """Any dossier, as far as an event depends on it."""
    return DossierSubmission(
        code=draw(CODES),
        revision=1,
        procedure=draw(PROCEDURES),
        status=draw(st.sampled_from(DossierStatus)),
        channel=draw(st.sampled_from(Channel)),
        applicant=Applicant(
            kind=draw(st.sampled_from(ApplicantKind)),
            name=draw(TEXT),
            personal_number=draw(st.none() | NUMBERS),
            account_id=draw(st.none() | st.just("TECH-1")),
        ),
        summary=draw(TEXT),
        processing_unit="UBND xã X",
        received_at=datetime(2026, 11, 22, tzinfo=UTC),
        result_delivery=draw(st.sampled_from(ResultDelivery)),
        fee_payment=draw(st.sampled_from(FeePayment)),
    )


CONFIGS = st.builds(
    EmcConfig,
    url=st.just("https://emc.example/TrackingMCDT"),
    site_id=st.integers(0, 2**31 - 1),
    code_profile=st.sampled_from(["", "H56"]),
    location=st.sampled_from(["38", "H56"]),
    user_identity=st.sampled_from(Identity),
    pseudonym_key=st.text("abcdef0123456789", min_size=32, max_size=64),
    level_default=st.sampled_from(Level),
    levels=st.dictionaries(PROCEDURES, st.sampled_from(Level), max_size=3),
    portal_channels=st.lists(st.sampled_from(Channel), max_size=3).map(tuple),
)


def procedure_of(submission: DossierSubmission, name: str) -> Procedure:
    """The procedure of a dossier."""
    code, since = submission.procedure, date(2025, 7, 1)
    return Procedure(code=code, name=name, field_code="G15-HT01", field_name="Hộ tịch", valid_from=since)


@given(submissions(), CONFIGS, TEXT)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_every_dossier_becomes_an_allowed_event(submission: DossierSubmission, config: EmcConfig, name: str) -> None:
    """Codes lie in the table, the owner is a JSON text of four, and the strict sandbox has nothing to say."""
    body: dict[str, Any] = event(submission, procedure_of(submission, name), config)
    owner = json.loads(body["User"])

    assert [] == [field for field, codes in ALLOWED.items() if body[field] not in codes]
    assert ({"ID_local", "ID_QG", "TYPE", "LOCATION"}, True) == (set(owner), owner["TYPE"] in ("1", "2"))
    assert submission.code == body["MaHoSo"]
    assert problem_of(body) is None


@given(submissions(), CONFIGS)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_number_never_leaves_unless_it_may(submission: DossierSubmission, config: EmcConfig) -> None:
    """Under `pseudonym` and `none` the owner's field holds no run of digits as long as a number."""
    number = submission.applicant.personal_number or "0" * 12
    owner = json.loads(str(event(submission, procedure_of(submission, "Thủ tục"), config)["User"]))

    told = number in (owner["ID_local"], owner["ID_QG"])
    assert told is (config.user_identity is Identity.RAW and submission.applicant.personal_number is not None)


@given(submissions(), CONFIGS)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_spelling_of_names_changes_nothing_else(submission: DossierSubmission, config: EmcConfig) -> None:
    """The same values come in the same order under names with a small first letter."""
    procedure = procedure_of(submission, "Thủ tục")
    listed = event(submission, procedure, config)
    small = event(submission, procedure, config.model_copy(update={"field_names": FieldNames.LOWER_FIRST}))

    assert list(listed.values()) == list(small.values())
    assert [name.lower() for name in listed] == [name.lower() for name in small]
