"""What always holds of the codec of service 037, whoever is asked for."""

import asyncio
import unicodedata
from datetime import date
from importlib import resources

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from adapters.databases.population.birth import read_birth, wire_birth
from hub.errors import Invalid
from schemas.citizen import CitizenQuery
from tests.contracts.test_population_responder import (
    NUMBER,
    Answering,
    collection,
    query,
    source_of,
)
from tests.contracts.test_population_responder import settings as population

LETTERS = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
NAMES = st.text(st.sampled_from(LETTERS + LETTERS.upper() + " "), min_size=1, max_size=60).filter(str.strip)
DAYS = st.dates(min_value=date(1880, 1, 1), max_value=date(2100, 12, 31))
YEARS = st.integers(min_value=1880, max_value=2100)
CONTRACT = etree.XMLSchema(
    etree.fromstring(resources.files("adapters.databases.population").joinpath("lookup.xsd").read_bytes())
)


async def requested(asked: CitizenQuery) -> etree._Element:
    """Return the request element that goes out for a query."""
    platform = Answering(collection())
    async with source_of(population(), platform) as source:
        await source.lookup(asked, "000001")
    envelope = etree.fromstring(platform.requests[0].content)
    return envelope.findall("{*}Body/*")[0]


def name_sent(name: str) -> str | None:
    """Return the HoVaTen that goes out for a name."""
    return asyncio.run(requested(query(full_name=name))).findtext("{http://dancuquocgia.bca}HoVaTen")


@given(NAMES)
@settings(max_examples=40, deadline=None)
def test_a_vietnamese_name_becomes_plain_capitals(name: str) -> None:
    """Nothing but A to Z, one letter for each letter, whichever way the accents are spelled."""
    sent = name_sent(unicodedata.normalize("NFC", name))
    assert sent is not None
    assert set(sent) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert len(sent) == len("".join(name.split()))
    assert sent == name_sent(unicodedata.normalize("NFD", name))
    assert sent == name_sent(sent.lower())


@given(
    name=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=200).filter(str.strip),
    number=st.from_regex(r"[0-9]{12}|[0-9]{9}", fullmatch=True),
    birth=st.one_of(DAYS, YEARS),
)
@settings(max_examples=60, deadline=None)
def test_every_query_becomes_a_request_of_the_contract_or_the_callers_fault(
    name: str, number: str, birth: date | int
) -> None:
    """Whatever a caller writes, what goes out is valid by the schema, and says the number that was asked."""
    born = {"birth_date": birth} if isinstance(birth, date) else {"birth_date": None, "birth_year": birth}
    try:
        request = asyncio.run(requested(query(full_name=name, personal_number=number, **born)))
    except Invalid:
        assert any(char in "\ufffe\uffff" or ord(char) & 0xFFFE == 0xFFFE for char in name) or all(
            unicodedata.category(char) == "Mn" or char.isspace() for char in unicodedata.normalize("NFD", name)
        )
        return
    CONTRACT.assertValid(request)
    assert {number} == {text for field in ("SoDinhDanh", "SoCMND") if (text := request.findtext(f"{{*}}{field}"))}


@given(DAYS)
def test_a_day_survives_the_wire(day: date) -> None:
    """Written and read again, with or without the year beside it."""
    wire = wire_birth(day, None)
    assert {"NgayThangNam"} == set(wire)
    assert (day, None) == read_birth(wire["NgayThangNam"], "")
    assert (day, None) == read_birth(wire["NgayThangNam"], f"{day.year}")


@given(YEARS)
def test_a_year_survives_the_wire(year: int) -> None:
    """Written and read again, wherever it stands."""
    wire = wire_birth(None, year)
    assert (None, year) == read_birth("", wire["Nam"])
    assert (None, year) == read_birth(wire["Nam"], "")


@given(st.text(max_size=10), st.text(max_size=6))
def test_what_is_no_birth_is_never_made_one(day: str, year: str) -> None:
    """Either ValueError, or ASCII digits that really say the day or the year."""
    try:
        known_day, known_year = read_birth(day, year)
    except ValueError:
        return
    if known_day is not None:
        assert day == known_day.strftime("%Y%m%d").zfill(8)
    elif known_year is not None:
        assert f"{known_year}" in (day[:4], year)
    else:
        assert not day + year


def test_the_number_of_the_example_is_asked_once() -> None:
    """The oracle of the properties above sees the example as valid, and a changed order as not."""
    request = asyncio.run(requested(query()))
    CONTRACT.assertValid(request)
    assert request.findtext("{*}SoDinhDanh") == NUMBER
    request.append(request[0])
    assert not CONTRACT.validate(request)
