"""Agency codes: QD 20/2020/QD-TTg writes the top first, QCVN 102:2016 writes it last; both circulate."""

import pytest

from schemas.agency import AgencyCode


@pytest.mark.parametrize(
    ("text", "top", "levels", "canonical"),
    [
        ("H56", "H56", (), "H56"),
        ("H56.14", "H56", (14,), "H56.14"),
        ("G12.18", "G12", (18,), "G12.18"),
        ("H26.107", "H26", (107,), "H26.107"),
        ("H55.242", "H55", (242,), "H55.242"),
        ("H56.7.3", "H56", (7, 3), "H56.07.03"),
        ("H56.14.7.999", "H56", (14, 7, 999), "H56.14.07.999"),
        ("000.00.00.G22", "G22", (), "G22"),
        ("000.00.14.H56", "H56", (14,), "H56.14"),
        ("000.07.14.H56", "H56", (14, 7), "H56.14.07"),
        ("003.07.14.H56", "H56", (14, 7, 3), "H56.14.07.03"),
        ("000.07.00.H56", "H56", (0, 7), "H56.00.07"),
    ],
)
def test_both_spellings_are_read(text: str, top: str, levels: tuple[int, ...], canonical: str) -> None:
    """As a path from the top organisation down; the canonical text has the top first."""
    code = AgencyCode.parse(text)

    assert (top, levels) == (code.top, code.levels)
    assert canonical == str(code)


@pytest.mark.parametrize(
    ("one", "other"),
    [("H56.14", "000.00.14.H56"), ("H56", "000.00.00.H56"), ("H56.14.07", "000.07.14.H56"), ("H56.14", "H56.014")],
)
def test_two_spellings_are_one_agency(one: str, other: str) -> None:
    """Equal, with one hash: a grant for one holds for the other."""
    assert AgencyCode.parse(one) == AgencyCode.parse(other)
    assert 1 == len({AgencyCode.parse(one), AgencyCode.parse(other)})


@pytest.mark.parametrize(
    "text",
    ["", "H", "H5", "h56", "H56.", "H56..14", "H56.1000", "H56.1.2.3.4", "H56 .14", " H56", "H56.-1", "56.H14",
     "H56.1a", "00.00.14.H56", "0000.00.14.H56", "000.0.14.H56", "000.00.14.h56", "000.00.14.H56.01", "000-00-14-H56",
     "HH6"],
)  # fmt: skip
def test_other_texts_are_no_codes(text: str) -> None:
    """Each is a ValueError by the name of the rule."""
    with pytest.raises(ValueError, match=r"^agency_code$"):
        AgencyCode.parse(text)


@pytest.mark.parametrize(
    ("above", "below", "covers"),
    [
        ("H56", "H56", True),
        ("H56", "H56.14", True),
        ("H56.14", "000.03.14.H56", True),
        ("H56.14", "H56", False),
        ("H56.14", "H56.15", False),
        ("H56.1", "H56.14", False),
        ("H56", "H57.14", False),
        ("H56.14.3", "H56.14.4", False),
    ],
)
def test_an_agency_covers_itself_and_what_stands_below(above: str, below: str, *, covers: bool) -> None:
    """By levels, not by the beginning of the text."""
    assert covers == AgencyCode.parse(above).covers(AgencyCode.parse(below))
