"""Citizen data: what is asked of the population database, and what it answered, in the hub's own words."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.dossier import DossierCodeText, PersonalNumber, ProcedureCode
from schemas.model import Model
from schemas.moment import Day
from schemas.text import Name, Token


class CitizenQuery(Model):
    """A consistent triple of number, name and birth; the source confirms a person, it does not search for one.

    Exactly one of `birth_date` and `birth_year` is given.
    """

    personal_number: PersonalNumber
    full_name: Name
    birth_date: Day | None = None
    birth_year: Annotated[int, Field(ge=1880, le=2100)] | None = None
    procedure: ProcedureCode
    dossier_code: DossierCodeText
    purpose: Token
    officer: Token = Field(description="Account of the officer on whose behalf the data is asked")

    @model_validator(mode="after")
    def _one_birth(self) -> Self:
        if (self.birth_date is None) == (self.birth_year is None):
            raise ValueError("birth_date_or_birth_year")
        return self


class Gender(StrEnum):
    """Gender as the source states it."""

    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


class Address(Model):
    """An address of two levels (since 1 July 2025); `legacy_district` only where the source still has one."""

    province: str | None = None
    commune: str | None = None
    detail: str | None = None
    country: str | None = None
    legacy_district: str | None = None


class Relative(Model):
    """A person named in somebody's record."""

    full_name: str | None = None
    personal_number: str | None = None
    relation: str | None = None


class Citizen(Model):
    """A person's record as the population database holds it; codes stay as the source has them."""

    personal_number: str
    former_number: str | None = None
    full_name: str
    gender: Gender = Gender.UNKNOWN
    birth_date: date | None = None
    birth_year: int | None = None
    ethnicity: str | None = None
    religion: str | None = None
    marital_status: str | None = None
    nationality: str | None = None
    birth_place: Address | None = None
    home_town: Address | None = None
    permanent_residence: Address | None = None
    current_residence: Address | None = None
    father: Relative | None = None
    mother: Relative | None = None
    spouse: Relative | None = None
    household_head: Relative | None = None


class CitizenAnswer(Model):
    """What came of a lookup. `match` is "none" when the source knows no such person: an answer, not an error."""

    request_id: str
    match: Annotated[str, Field(pattern=r"^(one|none|several)$")]
    source: str
    asked_at: str = Field(description="When the hub asked the source, UTC, ISO 8601")
    citizen: Citizen | None = None
