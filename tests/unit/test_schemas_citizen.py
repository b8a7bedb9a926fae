"""Questions about citizens: a consistent triple of number, name and birth."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.citizen import CitizenQuery
from tests.fakes.rest import query_json


def read(**changes: Any) -> CitizenQuery:
    """Return the example question, with changes."""
    return CitizenQuery.model_validate_json(query_json(**changes))


@pytest.mark.parametrize(
    "changes", [{"birth_date": None}, {"birth_year": 2000}, {"birth_date": None, "birth_year": None}]
)
def test_a_question_has_one_birth(changes: dict[str, Any]) -> None:
    """A day or a year: neither none nor both."""
    with pytest.raises(ValidationError, match="birth_date_or_birth_year"):
        read(**changes)


def test_a_year_will_do() -> None:
    """As for people of whom only the year is known."""
    assert 1947 == read(birth_date=None, birth_year=1947).birth_year


@pytest.mark.parametrize("year", [1879, 2101, "1947", 1947.0])
def test_a_year_is_a_number_in_bounds(year: object) -> None:
    """1880 to 2100, as a number."""
    with pytest.raises(ValidationError, match="birth_year"):
        read(birth_date=None, birth_year=year)


@pytest.mark.parametrize("number", ["", "00100000000", "0010000000011", "00100000000a", "001 000 000 001", 1000000001])
def test_a_number_has_twelve_digits_or_nine(number: object) -> None:
    """As text, so that its zeros stay."""
    with pytest.raises(ValidationError, match="personal_number"):
        read(personal_number=number)


@pytest.mark.parametrize("field", ["purpose", "officer", "procedure", "dossier_code", "full_name"])
def test_a_question_says_who_asks_and_why(field: str) -> None:
    """Officer, purpose, procedure and dossier belong to it (ND 278/2025 Art. 13)."""
    with pytest.raises(ValidationError, match=field):
        read(**{field: ""})
