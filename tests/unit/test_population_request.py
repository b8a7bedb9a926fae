"""What service 037 is asked, compared with the example and the test vector of its interface."""

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from adapters.databases.population.auth import auth_hash, call_headers
from adapters.databases.population.request import request_fields
from hub.errors import Invalid
from tests.contracts.test_population_responder import MOMENT, Answering, collection, query, settings, source_of

SEAL = "94449f7d81bd2d552b2169b30e0dcd6a20899db5d59a21a68eda98afee2013e1"

EXAMPLE = """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:dan="http://dancuquocgia.bca">
 <soapenv:Header/><soapenv:Body>
  <dan:TraCuuThongTinCongDan>
   <dan:MaYeuCau>H00_000001</dan:MaYeuCau>
   <dan:MaDVC>VPCP</dan:MaDVC>
   <dan:MaTichHop>037</dan:MaTichHop>
   <dan:MaCanBo>001000000002</dan:MaCanBo>
   <dan:MaDonVi>H00.01</dan:MaDonVi><dan:TaiKhoan>hub</dan:TaiKhoan><dan:SoDienThoai>0240000000</dan:SoDienThoai>
   <dan:SoDinhDanh>001000000001</dan:SoDinhDanh>
   <dan:HoVaTen>NGUYENVANA</dan:HoVaTen>
   <dan:NgayThangNamSinh><dan:NgayThangNam>20000131</dan:NgayThangNam></dan:NgayThangNamSinh>
  </dan:TraCuuThongTinCongDan>
 </soapenv:Body></soapenv:Envelope>"""


def leaves(xml: str | bytes) -> list[tuple[str, str]]:
    """Return every element in document order with its text."""
    root = etree.fromstring(xml, etree.XMLParser(remove_blank_text=True))
    return [(str(element.tag), (element.text or "").strip()) for element in root.iter()]


async def sent(config: Any = None, **changes: Any) -> Any:
    """Look somebody up and return the request that went out."""
    platform = Answering(collection())
    async with source_of(config or settings(), platform) as source:
        await source.lookup(query(**changes), "000001")
    return platform.requests[0]


async def field_of(name: str, config: Any = None, **changes: Any) -> str | None:
    """Return the text of one element of the request that went out; None when it is not there."""
    request = await sent(config, **changes)
    return etree.fromstring(request.content).findtext(f".//{{http://dancuquocgia.bca}}{name}")


async def test_the_request_is_the_example_element_by_element() -> None:
    """Same elements, same order, same namespaces, same texts."""
    config = settings(unit_code="H00.01", account="hub", phone="0240000000")
    request = await sent(config)
    assert leaves(EXAMPLE) == leaves(request.content)


async def test_optional_elements_are_left_out_when_nothing_is_configured() -> None:
    """No empty MaDonVi, TaiKhoan or SoDienThoai."""
    request = await sent()
    expected = [leaf for leaf in leaves(EXAMPLE) if not leaf[0].endswith(("MaDonVi", "TaiKhoan", "SoDienThoai"))]
    assert expected == leaves(request.content)


def test_the_hash_is_that_of_the_test_vector() -> None:
    """SHA-256 over validation address, user, timestamp and secret, in hexadecimal."""
    assert auth_hash("https://xacthuc.example/validate", "app01", "1756690200000", "SECRET-TEST") == SEAL


async def test_the_headers_are_those_of_the_interface() -> None:
    """Media type, time, client, key, empty action in quotes, and the hash of the same time."""
    request = await sent()
    expected = {
        "content-type": "application/xml",
        "timestamp": "1756690200000",
        "x-road-client": "VN/GOV/H00/HUB",
        "apikey": "KEY-TEST",
        "soapaction": '""',
        "authorization": f"Basic {b64encode(f'app01:{SEAL}'.encode()).decode()}",
    }
    assert expected == {name: request.headers.get(name) for name in expected}


def test_each_moment_has_a_hash_of_its_own() -> None:
    """A millisecond later the timestamp is one higher, and the hash another."""
    first, second = (call_headers(settings(), MOMENT + timedelta(milliseconds=n)) for n in (0, 1))
    assert (1756690200000, 1756690200001) == (int(first["Timestamp"]), int(second["Timestamp"]))
    assert first["Authorization"] != second["Authorization"]


async def test_the_procedure_decides_the_public_service_code() -> None:
    """Mapped procedures carry their MaDVC, others the default."""
    config = settings(service_codes={"1.001193": "G15-TP110"})
    assert await field_of("MaDVC", config) == "G15-TP110"
    assert await field_of("MaDVC", config, procedure="1.000656") == "VPCP"


async def test_the_officer_decides_the_officer_code() -> None:
    """Mapped accounts carry their own MaCanBo, others the unit's."""
    config = settings(officers={"canbo01": "001000000003"})
    assert await field_of("MaCanBo", config) == "001000000003"
    assert await field_of("MaCanBo", config, officer="canbo02") == "001000000002"


async def test_a_nine_digit_number_travels_as_the_former_one() -> None:
    """Nine digits go into SoCMND, and SoDinhDanh is left out."""
    assert await field_of("SoCMND", personal_number="012345678") == "012345678"
    assert await field_of("SoDinhDanh", personal_number="012345678") is None


async def test_a_year_of_birth_travels_alone() -> None:
    """Who has no day of birth is asked for by the year."""
    assert await field_of("Nam", birth_date=None, birth_year=1950) == "1950"
    assert await field_of("NgayThangNam", birth_date=None, birth_year=1950) is None


@pytest.mark.parametrize(
    ("written", "folded"),
    [("Đặng Thị Thuỳ Trâm", "DANGTHITHUYTRAM"), ("nguyễn  đức", "NGUYENDUC"), ("Nguye\u0302\u0303n Vân", "NGUYENVAN")],
)
async def test_names_travel_without_marks_and_blanks(written: str, folded: str) -> None:
    """Capitals only; Đ is D; the spelling of the accents does not matter."""
    assert folded == await field_of("HoVaTen", full_name=written)


async def test_what_xml_would_change_is_carried_as_it_is() -> None:
    """Angle brackets and ampersands in a name are text, not markup."""
    assert await field_of("HoVaTen", full_name="A&lt;B <C>") == "A&LT;B<C>"


@pytest.mark.parametrize("name", ["A\uffff", "\u0301\u0302"])
def test_a_name_that_cannot_travel_is_the_callers_fault(name: str) -> None:
    """No character outside XML, and not a name of nothing but accents."""
    with pytest.raises(Invalid) as refused:
        request_fields(query(full_name=name), "000001", settings())
    assert [("full_name", "pattern")] == [(rule.path, rule.rule) for rule in refused.value.broken]
