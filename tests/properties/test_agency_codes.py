"""Agency and dossier codes, whatever they are: two spellings of one thing are one thing, and nothing else is."""

import re
import string
from calendar import monthrange
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from schemas.agency import AgencyCode
from schemas.dossier import DossierCode

TOPS = st.from_regex(r"\A[GHK][0-9]{2}\Z")
SHORT, LONG = st.integers(0, 99), st.integers(0, 999)
DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
NUMBERS = st.text(string.digits, min_size=4, max_size=9)
AGENCY = re.compile(r"[A-Z][0-9]{2}(\.[0-9]{1,3}){0,3}|[0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[A-Z][0-9]{2}")
DOSSIER = re.compile(
    r"([0-9]{3}\.[0-9]{2}\.[0-9]{2}\.[GHK][0-9]{2}|[A-Z][0-9]{2}(\.[0-9]{1,3}){0,3})-[0-9]{6}-[0-9]{4,9}"
)
"""The forms in words of their own, beside those of the code under test."""
PATHS = st.lists(LONG, max_size=3).map(tuple)


def low_first(top: str, levels: tuple[int, int, int]) -> str:
    """Write an agency as QCVN 102:2016 does: `zzz.yy.xx.Xnn`."""
    return f"{levels[2]:03d}.{levels[1]:02d}.{levels[0]:02d}.{top}"


def top_first(top: str, levels: tuple[int, ...]) -> str:
    """Write an agency as QD 20/2020/QD-TTg does: `Xnn.a.b`."""
    return ".".join((top, *map(str, levels)))


@given(TOPS, st.tuples(SHORT, SHORT, LONG))
def test_both_spellings_of_an_agency_are_equal(top: str, levels: tuple[int, int, int]) -> None:
    """However many levels it has."""
    assert AgencyCode.parse(low_first(top, levels)) == AgencyCode.parse(top_first(top, levels))


@given(TOPS, PATHS)
def test_the_canonical_text_is_read_back(top: str, levels: tuple[int, ...]) -> None:
    """As the same code, with the same canonical text."""
    code = AgencyCode.parse(top_first(top, levels))

    assert code == AgencyCode.parse(str(code))
    assert str(code) == str(AgencyCode.parse(str(code)))


@given(TOPS, PATHS, TOPS, PATHS)
def test_different_agencies_are_different(
    top: str, levels: tuple[int, ...], other: str, others: tuple[int, ...]
) -> None:
    """Equal exactly when the top and all levels are, zeros at the end apart."""
    one, two = AgencyCode.parse(top_first(top, levels)), AgencyCode.parse(top_first(other, others))
    padded = (*levels, 0, 0, 0)[:3], (*others, 0, 0, 0)[:3]

    assert (one == two) == ((top, padded[0]) == (other, padded[1]))
    assert (one == two) == (str(one) == str(two))


@given(TOPS, PATHS, PATHS)
def test_covering_is_an_order(top: str, levels: tuple[int, ...], others: tuple[int, ...]) -> None:
    """Each agency covers itself; two that cover each other are one; the top covers all."""
    one, two = AgencyCode.parse(top_first(top, levels)), AgencyCode.parse(top_first(top, others))

    assert one.covers(one)
    assert (one.covers(two) and two.covers(one)) == (one == two)
    assert AgencyCode.parse(top).covers(one)


@given(st.text(max_size=20) | st.text("GHK.0123456789", max_size=14))
def test_any_text_is_a_code_or_a_value_error(text: str) -> None:
    """A code exactly when it has one of the two forms, in ASCII."""
    try:
        said = str(AgencyCode.parse(text))
    except ValueError as error:
        said = str(error)

    assert (said != "agency_code") == bool(AGENCY.fullmatch(text))
    assert said.isascii()


@given(TOPS, st.tuples(SHORT, SHORT, LONG), DAYS, NUMBERS)
def test_both_spellings_of_a_dossier_are_equal(top: str, levels: tuple[int, int, int], day: date, number: str) -> None:
    """They order one lane; the canonical text is read back as the same code."""
    end = f"-{day:%y%m%d}-{number}"
    given_as = DossierCode.parse(low_first(top, levels) + end)

    assert given_as == DossierCode.parse(top_first(top, levels) + end)
    assert given_as == DossierCode.parse(str(given_as))
    assert (day, number) == (given_as.day, given_as.number)


@given(st.text(string.digits + "GHK.-", max_size=30) | st.from_regex(DOSSIER, fullmatch=True))
def test_any_text_is_a_dossier_code_or_a_value_error(text: str) -> None:
    """A code exactly when it has the form of the regulation and its day exists."""
    try:
        said = str(DossierCode.parse(text))
    except ValueError as error:
        said = str(error)

    assert (said != "dossier_code") == (bool(DOSSIER.fullmatch(text)) and _is_day(text.split("-")[1]))


def _is_day(text: str) -> bool:
    """Whether `yymmdd` is a day of this century."""
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:])
    return 1 <= month <= 12 and 1 <= day <= monthrange(2000 + year, month)[1]
