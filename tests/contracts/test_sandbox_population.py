"""The sandbox population database speaks service 037, refuses what breaks it, and misbehaves on command."""

import base64
import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from lxml import etree

from ops.sandbox.population.sandbox import PopulationSandbox
from ops.sandbox.population.settings import PopulationSettings
from ops.sandbox.remote import Refused, Remote
from ops.sandbox.sandbox import Placement, running
from tests.clock import ManualClock

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
NOW_MS = 1_795_309_200_000
RECORD = "{http://www.mic.gov.vn/dancu/1.0}"
SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"

REQUEST = """
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:dan="http://dancuquocgia.bca">
 <soapenv:Header/><soapenv:Body>
  <dan:TraCuuThongTinCongDan>
   <dan:MaYeuCau>H00_000001</dan:MaYeuCau>          <!-- unique per call -->
   <dan:MaDVC>VPCP</dan:MaDVC>
   <dan:MaTichHop>037</dan:MaTichHop>
   <dan:MaCanBo>001000000002</dan:MaCanBo>
   <dan:MaDonVi>H56.14</dan:MaDonVi><dan:TaiKhoan>an.nv</dan:TaiKhoan><dan:SoDienThoai>0900000000</dan:SoDienThoai>
   <dan:SoDinhDanh>001000000001</dan:SoDinhDanh>
   <dan:HoVaTen>NGUYENVANA</dan:HoVaTen>
   <dan:NgayThangNamSinh><dan:NgayThangNam>20000131</dan:NgayThangNam></dan:NgayThangNamSinh>
  </dan:TraCuuThongTinCongDan>
 </soapenv:Body></soapenv:Envelope>
"""
"""The example of the interface."""


@dataclass
class Client:
    """A hub towards the sandbox."""

    http: httpx.AsyncClient
    remote: Remote

    async def post(self, body: str | bytes = REQUEST, **headers: str) -> httpx.Response:
        """Send a request with good headers, save those given (underscores stand for hyphens)."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) else body.encode()
        return await self.http.post("/037", content=content, headers={**_headers(), **given})

    async def ask(self, body: str = REQUEST) -> list[etree._Element]:
        """Send a request and return the records of the answer."""
        reply = await self.post(body)
        assert 200 == reply.status_code
        collection = etree.fromstring(reply.content)[0][0]
        assert f"{RECORD}CongdanCollection" == collection.tag
        return list(collection)

    async def lookups(self) -> list[str]:
        """Return the MaYeuCau that the platform saw."""
        return [row["key"] async for row in self.remote.rows(kind="lookup")]


def _headers(timestamp_ms: int = NOW_MS, secret: str = "SANDBOX-SECRET", user: str = "hub-sandbox") -> dict[str, str]:  # noqa: S107  # sandbox default
    stamp = str(timestamp_ms)
    shown = hashlib.sha256(f"https://xacthuc.sandbox.example/validate{user}{stamp}{secret}".encode()).hexdigest()
    return {
        "Content-Type": "application/xml",
        "Timestamp": stamp,
        "X-Road-Client": "VN/GOV/000.00.00.H56/HUB-SANDBOX",
        "ApiKey": "SANDBOX-API-KEY",
        "SOAPAction": '""',
        "Authorization": "Basic " + base64.b64encode(f"{user}:{shown}".encode()).decode(),
    }


def _about(number: str, name: str, birth: str) -> str:
    """Ask for somebody else; a birth of four digits is a year."""
    body = REQUEST.replace("001000000001", number).replace("NGUYENVANA", name)
    element = f"<dan:Nam>{birth}</dan:Nam>" if len(birth) == 4 else f"<dan:NgayThangNam>{birth}</dan:NgayThangNam>"
    return body.replace("<dan:NgayThangNam>20000131</dan:NgayThangNam>", element)


def _text(record: etree._Element, path: str) -> str | None:
    return record.findtext("/".join(f"{RECORD}{step}" for step in path.split("/")))


@asynccontextmanager
async def connected(folder: Path, settings: PopulationSettings | None = None) -> AsyncIterator[Client]:
    """Run a sandbox whose clock stands at NOW."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares the loading of trusted roots
    async with (
        running(PopulationSandbox(Placement(folder), settings, ManualClock(NOW))) as addresses,
        Remote(addresses.control) as remote,
        httpx.AsyncClient(base_url=addresses.data, timeout=5, verify=nobody) as http,
    ):
        yield Client(http, remote)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a fresh sandbox."""
    async with connected(tmp_path) as one:
        yield one


async def test_the_example_of_the_interface_is_answered(client: Client) -> None:
    """The documented request returns the documented person with a full record in Vietnamese."""
    records = await client.ask()

    assert 1 == len(records)
    expected = {
        "SoDinhDanh": "001000000001",
        "HoVaTen/Ho": "NGUYỄN",
        "HoVaTen/ChuDem": "VĂN",
        "HoVaTen/Ten": "A",
        "GioiTinh": "1",
        "NgayThangNamSinh/NgayThangNam": "20000131",
        "ThuongTru/MaTinhThanh": "01",
        "ThuongTru/MaQuanHuyen": None,
        "ThuongTru/MaPhuongXa": "00082",
        "QuocTich": "VN",
        "Me/HoVaTen/Ho": "TRẦN",
        "ChuHo/SoDinhDanh": "001000000001",
    }
    assert expected == {path: _text(records[0], path) for path in expected}


async def test_a_lookup_is_seen_with_its_request_id_and_nothing_of_the_person(client: Client) -> None:
    """The ledger holds MaYeuCau, who asked for what, and the number of matches; no number, name or birth."""
    await client.ask()

    rows = [row async for row in client.remote.rows()]

    asked = {"MaDVC": "VPCP", "MaCanBo": "001000000002", "MaDonVi": "H56.14", "TaiKhoan": "an.nv", "matches": 1}
    assert [("lookup", "H00_000001", asked)] == [(row["kind"], row["key"], row["data"]) for row in rows]


async def test_the_same_request_id_is_seen_twice(client: Client) -> None:
    """The database recognises no repeat."""
    await client.ask()
    await client.ask()

    assert ["H00_000001", "H00_000001"] == await client.lookups()


async def test_every_answer_is_labelled(client: Client) -> None:
    """Answers, refusals and faults carry X-Sandbox."""
    replies = [await client.post(), await client.post(ApiKey="x"), await client.post("x")]

    assert [200, 403, 500] == [reply.status_code for reply in replies]
    assert {"SANDBOX"} == {reply.headers["X-Sandbox"] for reply in replies}


@pytest.mark.parametrize(
    ("number", "name", "birth"),
    [
        ("099999999999", "NGUYENVANA", "20000131"),
        ("001000000001", "NGUYENVANB", "20000131"),
        ("001000000001", "NGUYENVANA", "20000130"),
        ("001000000001", "NGUYENVANA", "1999"),
    ],
)
async def test_an_inconsistent_triple_matches_nobody(client: Client, number: str, name: str, birth: str) -> None:
    """A wrong number, name or birth gives a collection without CongDan, which is no fault, and is a lookup."""
    assert [] == await client.ask(_about(number, name, birth))
    assert ["H00_000001"] == await client.lookups()


async def test_the_year_of_birth_is_enough(client: Client) -> None:
    """Number, name and year are a consistent triple."""
    assert 1 == len(await client.ask(_about("001000000001", "NGUYENVANA", "2000")))


@pytest.mark.parametrize(
    ("note", "name"),
    [
        ("đ in the given name", "TRANTHIBICHDAO"),
        ("đ at the start of every word", "DODUCDAT"),
        ("apostrophe in the name", "H'WENEBAN"),
        ("name that begins with a marked vowel", "ONGICHKHIEM"),
    ],
)
async def test_names_are_compared_without_marks(client: Client, note: str, name: str) -> None:
    """Vietnamese letters fold to plain capitals, đ to D, blanks away."""
    person = await _person(client, note)

    assert name == person["HoVaTen"]
    assert 1 == len(await client.ask(_about(person["SoDinhDanh"], name, person["Sinh"])))


async def test_some_names_are_in_ten_only(client: Client) -> None:
    """A full name may stand in Ten, with Ho and ChuDem absent or empty."""
    absent = await _record(client, "name only in Ten")
    empty = await _record(client, "name only in Ten, Ho and ChuDem empty")

    assert (None, "PHẠM THỊ NGỌC ÁNH") == (_text(absent, "HoVaTen/Ho"), _text(absent, "HoVaTen/Ten"))
    assert ("", "VŨ QUỐC KHÁNH") == (_text(empty, "HoVaTen/Ho"), _text(empty, "HoVaTen/Ten"))


async def test_some_births_are_years(client: Client) -> None:
    """A person whose day of birth is unknown has only Nam."""
    record = await _record(client, "only the year of birth is known")

    assert ("1947", None) == (_text(record, "NgayThangNamSinh/Nam"), _text(record, "NgayThangNamSinh/NgayThangNam"))


async def test_some_addresses_still_have_a_district(client: Client) -> None:
    """Records from before July 2025 have MaQuanHuyen, the others do not."""
    record = await _record(client, "registered residence with a district, current one without")

    assert ("999", None) == (_text(record, "ThuongTru/MaQuanHuyen"), _text(record, "NoiOHienTai/MaQuanHuyen"))


async def test_one_number_has_two_records(client: Client) -> None:
    """An answer may hold several CongDan."""
    person = await _person(client, "second record of the number above, elsewhere")

    records = await client.ask(_about(person["SoDinhDanh"], person["HoVaTen"], person["Sinh"]))

    assert ["38", "46"] == [_text(record, "ThuongTru/MaTinhThanh") for record in records]


async def test_the_old_number_finds_its_person(client: Client) -> None:
    """A lookup may name the nine-digit number instead."""
    body = REQUEST.replace("<dan:SoDinhDanh>001000000001</dan:SoDinhDanh>", "<dan:SoCMND>099000001</dan:SoCMND>")

    assert 1 == len(await client.ask(body))


@pytest.mark.parametrize("seconds", [-301, 301])
async def test_a_clock_that_is_off_is_refused(client: Client, seconds: int) -> None:
    """More than 300 seconds between the clocks is 401, in either direction."""
    reply = await client.post(**_headers(NOW_MS + seconds * 1000))

    assert 401 == reply.status_code
    assert [] == await client.lookups()


@pytest.mark.parametrize("seconds", [-299, 299])
async def test_a_clock_that_is_a_little_off_is_borne(client: Client, seconds: int) -> None:
    """Up to 300 seconds are fine."""
    assert 200 == (await client.post(**_headers(NOW_MS + seconds * 1000))).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (_headers(secret="WRONG"), 401),
        (_headers(user="other"), 401),
        ({"Authorization": "Bearer x"}, 401),
        ({"Authorization": "Basic %%%"}, 401),
        ({"Timestamp": "1795309200"}, 401),
        ({"Timestamp": "soon"}, 401),
        ({"Timestamp": str(NOW_MS + 1)}, 401),
        ({"X-Road-Client": "VN/GOV/000.00.00.H57/OTHER"}, 403),
        ({"ApiKey": "x"}, 403),
        ({"Content-Type": "text/xml"}, 415),
        ({"SOAPAction": "TraCuuThongTinCongDan"}, 500),
        ({"SOAPAction": ""}, 500),
    ],
)
async def test_wrong_headers_are_refused(client: Client, headers: dict[str, str], status: int) -> None:
    """Each header is checked, and a refused call is no lookup."""
    assert status == (await client.post(**headers)).status_code
    assert [] == await client.lookups()


async def test_the_hash_follows_the_published_rule(tmp_path: Path) -> None:
    """The test vector of the interface opens a sandbox that is set to its values."""
    settings = PopulationSettings(
        auth_url="https://xacthuc.example/validate", user="app01", secret="SECRET-TEST", skew_max_s=1e9
    )
    vector = "94449f7d81bd2d552b2169b30e0dcd6a20899db5d59a21a68eda98afee2013e1"
    shown = "Basic " + base64.b64encode(f"app01:{vector}".encode()).decode()

    async with connected(tmp_path, settings) as client:
        assert 200 == (await client.post(Timestamp="1756690200000", Authorization=shown)).status_code


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        (">037<", ">003<", "MaTichHop"),
        ("NGUYENVANA", "Nguyễn Văn A", "HoVaTen"),
        ("NGUYENVANA", "NGUYEN VAN A", "HoVaTen"),
        ("001000000001", "00100000001", "SoDinhDanh"),
        ("20000131", "31/01/2000", "NgayThangNam"),
        ("<dan:MaDVC>VPCP</dan:MaDVC>", "", "MaTichHop"),
        ("<dan:MaYeuCau>H00_000001</dan:MaYeuCau>", "<dan:MaYeuCau/>", "MaYeuCau"),
        ("<dan:HoVaTen>NGUYENVANA</dan:HoVaTen>", "", "NgayThangNamSinh"),
        ("<dan:SoDinhDanh>001000000001</dan:SoDinhDanh>", "", "HoVaTen"),
        ("<dan:MaTichHop>", "<dan:Khac>x</dan:Khac><dan:MaTichHop>", "Khac"),
        ("http://dancuquocgia.bca", "http://dancuquocgia.example", "TraCuuThongTinCongDan"),
    ],
)
async def test_a_request_that_breaks_the_schema_is_a_fault(client: Client, old: str, new: str, element: str) -> None:
    """Missing, unknown, misplaced or wrong elements are a Client fault that names the element and no value."""
    reply = await client.post(REQUEST.replace(old, new))
    fault = etree.fromstring(reply.content)[0][0]

    assert 500 == reply.status_code
    assert f"{SOAP}Fault" == fault.tag
    assert "soapenv:Client" == fault.findtext("faultcode")
    assert element in (fault.findtext("faultstring") or "")
    assert "001000000001" not in reply.text
    assert [] == await client.lookups()


async def test_the_order_of_elements_matters(client: Client) -> None:
    """MaDVC before MaYeuCau is refused."""
    first, second = "<dan:MaYeuCau>H00_000001</dan:MaYeuCau>", "<dan:MaDVC>VPCP</dan:MaDVC>"
    body = REQUEST.replace(first, "").replace(second, second + first)

    assert 500 == (await client.post(body)).status_code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<a/>",
        b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + REQUEST.strip().encode(),
        b"<!DOCTYPE a>" + REQUEST.strip().encode(),
        REQUEST.replace("NGUYENVANA", "&e;").encode(),
        b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>',
        b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body/></e:Envelope>',
        REQUEST.replace("<soapenv:Header/>", "<soapenv:Header/>" + "<x/>" * 300).encode(),
    ],
)
async def test_what_is_no_plain_soap_is_a_fault(client: Client, body: bytes) -> None:
    """Other documents, DTDs, entities, empty bodies and floods of elements are refused."""
    reply = await client.post(body)

    assert 500 == reply.status_code
    assert b"soapenv:Client" in reply.content
    assert [] == await client.lookups()


async def test_size_path_and_method_are_checked(client: Client) -> None:
    """Bodies over 64 kB, other paths and other methods are refused."""
    assert 413 == (await client.post(b" " * 64_001)).status_code
    assert 404 == (await client.http.post("/038", headers=_headers())).status_code
    assert 405 == (await client.http.get("/037", headers=_headers())).status_code


async def test_a_rotated_secret_shuts_the_old_one_out(client: Client) -> None:
    """After the rotation only hashes with the other secret are good; there are no sessions to end."""
    await client.remote.rotate(secret="OTHER")

    assert 401 == (await client.post()).status_code
    assert 200 == (await client.post(**_headers(secret="OTHER"))).status_code
    with pytest.raises(Refused, match="sessions"):
        await client.remote.expire_sessions()


# --- faults --------------------------------------------------------------------------------------------------------


async def test_a_fault_on_command_is_a_lookup(client: Client) -> None:
    """soap_fault answers with a Server fault after the lookup was seen."""
    await client.remote.fault("soap_fault", count=1)

    reply = await client.post()

    assert 500 == reply.status_code
    assert b"soapenv:Server" in reply.content
    assert ["H00_000001"] == await client.lookups()


async def test_an_empty_answer_on_command(client: Client) -> None:
    """Empty answers without CongDan although the person is known."""
    await client.remote.fault("empty", count=1)

    assert [] == await client.ask()
    assert 1 == len(await client.ask())


async def test_clocks_apart_on_command(client: Client) -> None:
    """clock_skew answers 401 to a good call, which is no lookup."""
    await client.remote.fault("clock_skew", count=1)

    assert 401 == (await client.post()).status_code
    assert [] == await client.lookups()


async def test_a_fault_for_one_request(client: Client) -> None:
    """A fault with a key strikes only the request of that MaYeuCau."""
    await client.remote.fault("status", key="H00_000002")

    assert 200 == (await client.post()).status_code
    assert 503 == (await client.post(REQUEST.replace("H00_000001", "H00_000002"))).status_code
    assert 500 == (await client.post("x")).status_code


async def test_a_dropped_answer_was_a_lookup(client: Client) -> None:
    """drop_reply has seen the request."""
    await client.remote.fault("drop_reply", count=1)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await client.post()

    assert ["H00_000001"] == await client.lookups()


async def test_down_refuses_connections(client: Client) -> None:
    """Down closes the data port until it is taken back."""
    await client.remote.fault("down")
    with pytest.raises(httpx.ConnectError):
        await client.post()

    await client.remote.clear_faults()
    assert 200 == (await client.post()).status_code


async def test_faults_of_the_portal_are_unknown_here(client: Client) -> None:
    """A platform takes only the faults that it can have."""
    with pytest.raises(Refused, match="soap_fault"):
        await client.remote.fault("expire_session")


# --- population ----------------------------------------------------------------------------------------------------


async def test_lookups_outlive_the_sandbox(tmp_path: Path) -> None:
    """After a restart the rows are there and counted."""
    async with connected(tmp_path) as client:
        await client.ask()
    async with connected(tmp_path) as client:
        await client.ask()

        assert ["H00_000001", "H00_000001"] == await client.lookups()
        assert 2 == (await client.remote.state())["lookups"]


async def test_numbers_agree_with_gender_and_birth(client: Client) -> None:
    """The fourth digit is even for men and odd for women; the two digits after it are the year of birth."""
    people = (await client.remote.state())["people"]

    assert 24 <= len(people)
    for person in people:
        record = (await client.ask(_about(person["SoDinhDanh"], person["HoVaTen"], person["Sinh"])))[0]
        assert {"1": 0, "2": 1}[str(_text(record, "GioiTinh"))] == int(person["SoDinhDanh"][3]) % 2
        assert person["Sinh"][2:4] == person["SoDinhDanh"][4:6]


async def test_the_state_tells_no_secrets(client: Client) -> None:
    """Settings are shown without the secret and the key."""
    settings = (await client.remote.state())["settings"]

    assert {"secret", "api_key"}.isdisjoint(settings)
    assert "VN/GOV/000.00.00.H56/HUB-SANDBOX" == settings["client"]


async def _person(client: Client, note: str) -> dict[str, str]:
    """Find somebody by what is special about the record."""
    people: list[dict[str, str]] = (await client.remote.state())["people"]
    return next(person for person in people if person["note"] == note)


async def _record(client: Client, note: str) -> etree._Element:
    person = await _person(client, note)
    return (await client.ask(_about(person["SoDinhDanh"], person["HoVaTen"], person["Sinh"])))[0]
