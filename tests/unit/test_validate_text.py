"""What the contract refuses in codes, numbers and times that look right at first sight."""

from datetime import date, timedelta, timezone

import pytest
from pydantic import BaseModel, ValidationError

from schemas.agency import AgencyCode
from schemas.dossier import DossierCode, PersonalNumber, ProcedureCode
from schemas.moment import Day, Moment


class _When(BaseModel):
    at: Moment


class _On(BaseModel):
    day: Day


class _Numbers(BaseModel):
    person: PersonalNumber = "001000000001"
    procedure: ProcedureCode = "1.001193"


@pytest.mark.parametrize("text", ["H٥٦-261122-0001", "H56.14-261122-0001\n", "H56.١٤-261122-0001"])
def test_a_dossier_code_has_only_ascii_digits_and_no_line_end(text: str) -> None:
    """Digits of other scripts and a trailing line end make no second spelling of a code."""
    with pytest.raises(ValueError, match="dossier_code"):
        DossierCode.parse(text)


@pytest.mark.parametrize("text", ["H٥٦.14", "H56.14\n", "000.00.١٤.H56"])
def test_an_agency_code_has_only_ascii_digits_and_no_line_end(text: str) -> None:
    """The same for agencies."""
    with pytest.raises(ValueError, match="agency_code"):
        AgencyCode.parse(text)


@pytest.mark.parametrize(("field", "text"), [("person", "٠٠١٠٠٠٠٠٠٠٠١"), ("procedure", "١.001193")])
def test_numbers_have_only_ascii_digits(field: str, text: str) -> None:
    """A personal number or a procedure in digits of another script is refused."""
    with pytest.raises(ValidationError):
        _Numbers.model_validate({field: text})


def test_a_time_keeps_its_offset() -> None:
    """A time in Vietnam stays a time in Vietnam."""
    read = _When.model_validate_json('{"at": "2026-11-22T08:00:00+07:00"}', strict=True).at

    assert timezone(timedelta(hours=7)).utcoffset(None) == read.utcoffset()
    assert "2026-11-22T08:00:00+07:00" == read.isoformat()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('"1700000000"', "date"),
        ("1700000000", "date"),
        ('"2026-02-30T08:00:00+07:00"', "date"),
        ('"20261122T080000+0700"', "date"),
        ('"2026-11-22"', "date"),
        ('"0001-01-01T00:00:00+14:00"', "range"),
        ('"2026-11-22T08:00:00"', "timezone"),
    ],
)
def test_a_time_is_iso_text_with_an_offset_in_a_sane_year(text: str, rule: str) -> None:
    """Seconds since 1970, impossible days, years out of range and times without an offset are refused by rule."""
    with pytest.raises(ValidationError, match=rule):
        _When.model_validate_json(f'{{"at": {text}}}')


@pytest.mark.parametrize("text", ['"946684800"', "946684800", '"2000-02-30"', '"20000131"', '"2000-01-31T00:00:00"'])
def test_a_day_is_an_iso_day_and_nothing_else(text: str) -> None:
    """Digits and times are no days."""
    with pytest.raises(ValidationError, match="date"):
        _On.model_validate_json(f'{{"day": {text}}}')


def test_a_day_is_read() -> None:
    """The last day of January 2000."""
    assert date(2000, 1, 31) == _On.model_validate_json('{"day": "2000-01-31"}', strict=True).day
