"""The administrative units are those that the law lists, on the day in question."""

import unicodedata
from collections import Counter
from datetime import date

import pytest

from schemas.codes.units import UnitKind, load_units

DAY = date(2025, 7, 1)
LATER = date(2026, 11, 22)
PROVINCE_CODES = [
    *("01", "04", "08", "11", "12", "14", "15", "19", "20", "22", "24", "25", "31", "33", "37", "38", "40"),
    *("42", "44", "46", "48", "51", "52", "56", "66", "68", "75", "79", "80", "82", "86", "91", "92", "96"),
]


@pytest.mark.parametrize("day", [DAY, LATER])
def test_provinces_are_those_of_the_law(day: date) -> None:
    """QD 19/2025/QD-TTg names 34 provinces by these codes."""
    assert PROVINCE_CODES == [unit.code for unit in load_units().provinces(day)]


@pytest.mark.parametrize("day", [DAY, LATER])
def test_there_are_3321_communes(day: date) -> None:
    """Every commune belongs to one of the provinces, and there are 3,321 of them."""
    units = load_units()
    assert 3321 == sum(len(units.communes(code, day)) for code in PROVINCE_CODES)


@pytest.mark.parametrize(
    ("code", "name"),
    [("01", "Hà Nội"), ("38", "Thanh Hóa"), ("46", "Huế"), ("40", "Nghệ An"), ("20", "Lạng Sơn"), ("22", "Quảng Ninh")],
)
def test_codes_and_names_belong_together(code: str, name: str) -> None:
    """Names of provinces stand at their codes."""
    unit = load_units().find(code, DAY)
    assert unit is not None
    assert unit.name.endswith(f" {name}")


def test_there_is_no_district_and_no_other_kind() -> None:
    """A commune is a ward, a commune or a special zone; there are 13 special zones and 687 wards on the first day."""
    units = load_units()
    kinds = Counter(unit.kind for code in PROVINCE_CODES for unit in units.communes(code, DAY))
    assert {UnitKind.COMMUNE: 2621, UnitKind.WARD: 687, UnitKind.SPECIAL_ZONE: 13} == kinds
    assert {UnitKind.PROVINCE: 28, UnitKind.CITY: 6} == Counter(unit.kind for unit in units.provinces(DAY))


def test_dong_nai_is_a_city_since_30_april_2026() -> None:
    """NQ 30/2026/QH16 renames the province and ten communes; the day before, the former names hold."""
    units = load_units()
    names = [
        unit.name
        for day in (date(2026, 4, 29), date(2026, 4, 30))
        for code in ("75", "26368")
        if (unit := units.find(code, day))
    ]
    assert ["Tỉnh Đồng Nai", "Xã Long Thành", "Thành phố Đồng Nai", "Phường Long Thành"] == names
    wards = [
        sum(unit.kind is UnitKind.WARD for unit in units.communes("75", day))
        for day in (date(2026, 4, 29), date(2026, 4, 30))
    ]
    assert 10 == wards[1] - wards[0]


def test_before_the_reform_nothing_is_known() -> None:
    """The list begins on 1 July 2025."""
    assert load_units().find("01", date(2025, 6, 30)) is None


def test_unknown_codes_are_unknown() -> None:
    """Codes of former provinces, and the code that the Statistics Office withdrew, name nothing."""
    units = load_units()
    assert [None] * 5 == [units.find(code, LATER) for code in ("02", "30", "23737", "1", "")]
    corrected = units.find("23938", LATER)
    assert corrected is not None
    assert ("Xã Ia Mơ", "52") == (corrected.name, corrected.province)


def test_texts_are_clean() -> None:
    """Codes have two or five digits; names are NFC with single spaces."""
    units = load_units()
    for unit in (*units.provinces(LATER), *(u for code in PROVINCE_CODES for u in units.communes(code, LATER))):
        assert unit.code.isdigit()
        assert 2 if unit.province is None else 5 == (len(unit.code))
        assert unicodedata.normalize("NFC", " ".join(unit.name.split())) == unit.name


def test_the_list_is_read_once() -> None:
    """Loading again gives the same object."""
    assert load_units() is load_units()
