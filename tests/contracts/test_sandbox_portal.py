"""The sandbox portal speaks the synchronisation interface, refuses what breaks it, and misbehaves on command."""

import asyncio
import copy
import resource
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.sandbox.ledger import LedgerInUse
from ops.sandbox.portal.sandbox import LEDGER_FILE, PortalSandbox
from ops.sandbox.portal.settings import PortalSettings
from ops.sandbox.remote import Refused, Remote
from ops.sandbox.sandbox import Placement, running
from tests.clock import ManualClock

HEADERS = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "Charset": "utf-8",
    "dstcode": "VN/GOV/000.00.00.G22/SANDBOX",
}
PASSWORD = "sandbox-password"
CODE = "000.00.00.H56-250901-0001"

DOSSIER: dict[str, Any] = {
    "MaHoSo": CODE,
    "MaTTHC": "1.001193",
    "TenTTHC": "Đăng ký khai sinh",
    "MaLinhVuc": "G15-HT01",
    "TenLinhVuc": "Hộ tịch",
    "KenhThucHien": "2",
    "ChuHoSo": "NGUYỄN VĂN A",
    "LoaiDoiTuong": "1",
    "MaDoiTuong": "tech-1",
    "SoGiayToChuHoSo": "001000000001",
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "001000000001"}],
    "NgayNopHoSo": "20250901080000",
    "NgayTiepNhan": "20250901083000",
    "NgayHenTra": "20250901170000",
    "TrangThaiHoSo": "2",
    "HinhThuc": "0",
    "DonViXuLy": "UBND xã X",
    "NoiNopHoSo": "2",
    "HoSoCoThanhPhanSoHoa": "1",
    "TaiKhoanDuocXacThucVoiVNeID": "1",
    "DuocThanhToanTrucTuyen": "0",
    "TaiLieuNop": [
        {
            "TepDinhKemId": "f1",
            "TenTepDinhKem": "giay_chung_sinh.pdf",
            "IsDeleted": "False",
            "MaThanhPhanHoSo": "KQ.G18.000001",
            "DuongDanTaiTepTin": "https://apidvc.example/getfile?id=f1",
            "DuocSoHoa": "1",
            "DuocTaiSuDung": "0",
            "DuocLayTuKhoDMQG": "0",
        }
    ],
    "DanhSachLePhi": [],
    "DanhSachTepDinhKemKhac": [],
    "DanhSachHoSoBoSung": [],
    "DanhSachGiayToKetQua": [],
    "DSKetNoiCSDL": [{"MaCSDL": "7"}],
}
"""The example of the interface, which a strict portal must take."""

STEP = {
    "MaHoSo": CODE,
    "NguoiXuLy": "Trần Thị B",
    "ChucDanh": "Công chức",
    "ThoiDiemXuLy": "20250901083000",
    "PhongBanXuLy": "Một cửa",
    "NoiDungXuLy": "Tiếp nhận hồ sơ",
    "TrangThai": "2",
    "NgayBatDau": "20250901083000",
    "NgayKetThucTheoQuyDinh": "",
}


@dataclass
class Client:
    """A one-stop system towards the sandbox."""

    http: httpx.AsyncClient
    remote: Remote
    session: str = ""

    async def login(self, secret: str = PASSWORD) -> dict[str, Any]:
        """Log in and keep the session."""
        body = {"username": "hub-sandbox", "password": secret}
        answer: dict[str, Any] = (await self.http.post("/mapi/login", json=body)).json()
        self.session = answer.get("session", "")
        return answer

    async def post(self, service: str, **parameters: object) -> httpx.Response:
        """Call a service."""
        body = {"session": self.session, "madonvi": "H56", "service": service, **parameters}
        return await self.http.post("/mapi/g", json=body)

    async def call(self, service: str, **parameters: object) -> dict[str, Any]:
        """Call a service and read its answer."""
        answer: dict[str, Any] = (await self.post(service, **parameters)).json()
        return answer

    async def push(self, *dossiers: dict[str, Any], updating: str = "False") -> dict[str, Any]:
        """Push dossiers."""
        return await self.call("DongBoHoSoMC", isUpdating=updating, data=list(dossiers))

    async def kinds(self) -> list[str]:
        """Return the kinds of the effects so far."""
        return [row["kind"] async for row in self.remote.rows()]


@asynccontextmanager
async def connected(sandbox: PortalSandbox) -> AsyncIterator[Client]:
    """Run a sandbox and yield a client that has not logged in."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares the loading of trusted roots
    async with (
        running(sandbox) as addresses,
        Remote(addresses.control) as remote,
        httpx.AsyncClient(base_url=addresses.data, headers=HEADERS, timeout=5, verify=nobody) as http,
    ):
        yield Client(http, remote)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A logged-in client of a fresh sandbox."""
    async with connected(PortalSandbox(Placement(tmp_path))) as one:
        await one.login()
        yield one


def _with(**changes: object) -> dict[str, Any]:
    return {**copy.deepcopy(DOSSIER), **changes}


def _code(answer: dict[str, Any]) -> int:
    return int(answer["error_code"])


async def test_the_example_of_the_interface_is_taken(client: Client) -> None:
    """A create with the documented example succeeds in code and text, and is one effect with its full state."""
    answer = await client.push(DOSSIER)

    assert 0 == _code(answer)
    assert "thành công" in answer["message"]
    rows = [row async for row in client.remote.rows()]
    assert [(1, "dossier_created", CODE, DOSSIER)] == [(r["seq"], r["kind"], r["key"], r["data"]) for r in rows]


async def test_every_answer_is_labelled(client: Client) -> None:
    """Replies of both ports say SANDBOX in a header, those of the portal also in their text."""
    reply = await client.post("LayDanhSachTTHC")

    assert "SANDBOX" == reply.headers["X-Sandbox"]
    assert reply.json()["message"].startswith("[SANDBOX]")
    assert "SANDBOX" == (await client.remote.state())["sandbox"]


async def test_an_existing_dossier_is_not_created_again(client: Client) -> None:
    """A second create changes nothing and is refused as "3" and "-3" in turn, with the text "đã tồn tại"."""
    await client.push(DOSSIER)

    answers = [await client.push(DOSSIER) for _ in range(4)]

    assert [3, -3, 3, -3] == [_code(answer) for answer in answers]
    assert all("đã tồn tại" in answer["message"] for answer in answers)
    assert ["dossier_created"] == await client.kinds()


async def test_an_unknown_dossier_is_not_updated(client: Client) -> None:
    """An update before the create is refused with the text "không tồn tại"."""
    answer = await client.push(DOSSIER, updating="True")

    assert 0 != _code(answer)
    assert "không tồn tại" in answer["message"]
    assert [] == await client.kinds()


async def test_an_update_is_stored_however_often_it_comes(client: Client) -> None:
    """Equal updates are one effect each: the portal recognises no repeat."""
    await client.push(DOSSIER)
    await client.push(_with(TrangThaiHoSo="4"), updating="True")
    await client.push(_with(TrangThaiHoSo="4"), updating="True")

    assert ["dossier_created", "dossier_updated", "dossier_updated"] == await client.kinds()


async def test_the_two_spellings_of_an_agency_are_two_dossiers(client: Client) -> None:
    """The portal compares codes as they are spelled."""
    await client.push(DOSSIER)

    assert 0 == _code(await client.push(_with(MaHoSo="H56-250901-0001")))


async def test_a_lookup_gives_the_latest_state(client: Client) -> None:
    """TraCuuHoSo returns the last state stored, as a list or an object, and is seen in the ledger."""
    await client.push(DOSSIER)
    await client.push(_with(TrangThaiHoSo="9"), updating="True")

    answers = [(await client.call("TraCuuHoSo", mahoso=CODE))["result"] for _ in range(16)]

    states = [one[0] if isinstance(one, list) else one for one in answers]
    assert [_with(TrangThaiHoSo="9")] * 16 == states
    assert {list, dict} == {type(one) for one in answers}
    assert 16 == (await client.kinds()).count("lookup")


async def test_a_lookup_of_an_unknown_dossier_is_empty(client: Client) -> None:
    """TraCuuHoSo of a code that was never pushed succeeds with an empty result."""
    answer = await client.call("TraCuuHoSo", mahoso=CODE)

    assert 0 == _code(answer)
    assert not answer["result"]


async def test_error_code_comes_as_number_and_as_text(client: Client) -> None:
    """Success is said as 0, "0" and "00", by seed."""
    codes = {(await client.call("LayDanhMucLinhVuc"))["error_code"] for _ in range(32)}

    assert {0, "0", "00"} == codes


async def test_the_catalogue_is_read_as_documented(client: Client) -> None:
    """LayThuTuc, LayDanhSachTTHC and LayDanhMucLinhVuc answer with the fields of the interface."""
    procedure = (await client.call("LayThuTuc", maTTHC="1.001193"))["result"][0]
    procedures = (await client.call("LayDanhSachTTHC"))["result"]
    fields = (await client.call("LayDanhMucLinhVuc"))["result"]

    assert ("1.001193", "Thủ tục đăng ký khai sinh", "1") == (
        procedure["MATTHC"],
        procedure["TENTTHC"],
        procedure["TRANGTHAI"],
    )
    assert {"MAGIAYTO", "TENGIAYTO", "TENMAUDON", "URL"} == set(procedure["THANHPHANHOSO"][0]["GIAYTO"][0])
    assert {"1.001193", "1.000656", "2.000488", "2.000635", "2.000908", "2.002621", "2.002622"} <= {
        one["MATTHC"] for one in procedures
    }
    assert {"MALINHVUC", "TENLINHVUC", "MANGANH"} == set(fields[0])


async def test_an_unknown_procedure_is_an_empty_result(client: Client) -> None:
    """LayThuTuc of a code outside the catalogue succeeds and holds nothing."""
    assert [] == (await client.call("LayThuTuc", maTTHC="9.999999"))["result"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"NgayTiepNhan": ""}, "NgayTiepNhan"),
        ({"NgayTiepNhan": "20250901 08300"}, "NgayTiepNhan"),
        ({"NgayTiepNhan": "20250901243000"}, "NgayTiepNhan"),
        ({"NgayTiepNhan": "20250231083000"}, "NgayTiepNhan"),
        ({"NgayHenTra": "2025-09-01T17:00:00"}, "NgayHenTra"),
        ({"NgayHenTra": None}, "NgayHenTra"),
        ({"TrangThaiHoSo": 2}, "TrangThaiHoSo"),
        ({"TrangThaiHoSo": "11"}, "TrangThaiHoSo"),
        ({"TrangThaiHoSo": "0"}, "TrangThaiHoSo"),
        ({"LoaiDoiTuong": "5"}, "LoaiDoiTuong"),
        ({"KenhThucHien": "0"}, "KenhThucHien"),
        ({"HinhThuc": "2"}, "HinhThuc"),
        ({"DuocThanhToanTrucTuyen": "2"}, "DuocThanhToanTrucTuyen"),
        ({"HoSoCoThanhPhanSoHoa": "True"}, "HoSoCoThanhPhanSoHoa"),
        ({"MaHoSo": "H56-250901-001"}, "MaHoSo"),
        ({"MaHoSo": "000.00.00.X56-250901-0001"}, "MaHoSo"),
        ({"MaHoSo": "H56-250901-000１"}, "MaHoSo"),
        ({"MaTTHC": "1.999999"}, "MaTTHC"),
        ({"MaLinhVuc": "HT01"}, "MaLinhVuc"),
        ({"TrichYeuHoSo": "x" * 1001}, "TrichYeuHoSo"),
        ({"ChuHoSo": ""}, "ChuHoSo"),
        ({"Unknown": "x"}, "Unknown"),
        ({"TaiLieuNop": "f1"}, "TaiLieuNop"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "IsDeleted": "false"}]}, "TaiLieuNop[0].IsDeleted"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "DuocSoHoa": 1}]}, "TaiLieuNop[0].DuocSoHoa"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "DuocTaiSuDung": "3"}]}, "TaiLieuNop[0].DuocTaiSuDung"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "DuongDanTaiTepTin": "f1"}]}, "TaiLieuNop[0].DuongDanTaiTepTin"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "TenTepDinhKem": "x" * 4001}]}, "TaiLieuNop[0].TenTepDinhKem"),
        ({"TaiLieuNop": [{**DOSSIER["TaiLieuNop"][0], "Base64": "eA=="}]}, "TaiLieuNop[0].Base64"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "123456789"}]}, "DinhDanhCHS[0].SoDinhDanh"),
        ({"DinhDanhCHS": [{"LoaiDinhDanh": "2", "SoDinhDanh": "001000000001"}]}, "DinhDanhCHS[0].SoDinhDanh"),
        ({"DanhSachGiayToKetQua": [{"TenGiayTo": "x" * 2001}]}, "DanhSachGiayToKetQua[0]"),
        ({"DanhSachLePhi": [{"TenPhiLePhi": "Lệ phí", "Gia": "8.000"}]}, "DanhSachLePhi[0].Gia"),
        ({"DSKetNoiCSDL": [{}]}, "DSKetNoiCSDL[0].MaCSDL"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_refused_by_name(
    client: Client, changes: dict[str, object], field: str
) -> None:
    """A dossier with one wrong field is refused, the field is named, and nothing is stored."""
    answer = await client.push(_with(**changes))

    assert -6 == _code(answer)
    assert f"Trường {field}" in answer["message"]
    assert [] == await client.kinds()


@pytest.mark.parametrize("field", ["MaHoSo", "MaTTHC", "NgayTiepNhan", "TrangThaiHoSo", "DonViXuLy"])
async def test_a_missing_field_is_refused_by_name(client: Client, field: str) -> None:
    """A mandatory field must be there."""
    dossier = _with()
    del dossier[field]

    assert f"Trường {field}: bắt buộc" in (await client.push(dossier))["message"]


async def test_unknown_dates_are_empty_and_the_account_may_be_null(client: Client) -> None:
    """Dates that are not known come as empty strings; MaDoiTuong comes as null for what was not filed online."""
    assert 0 == _code(await client.push(_with(NgayHenTra="", NgayTra="", MaDoiTuong=None)))


async def test_a_local_variant_of_a_procedure_is_known(client: Client) -> None:
    """The code of a procedure may carry the code of an organisation behind it."""
    assert 0 == _code(await client.push(_with(MaTTHC="2.000488.000.00.00.H56")))


@pytest.mark.parametrize("value", ["true", "", None, True])
async def test_is_updating_is_one_of_two_texts(client: Client, value: object) -> None:
    """`isUpdating` is "True" or "False" and nothing else."""
    answer = await client.call("DongBoHoSoMC", isUpdating=value, data=[DOSSIER])

    assert "isUpdating" in answer["message"]
    assert [] == await client.kinds()


@pytest.mark.parametrize("data", [[], {}, "x", None])
async def test_a_batch_holds_at_least_one_item(client: Client, data: object) -> None:
    """`data` is an array that is not empty."""
    assert -6 == _code(await client.call("DongBoHoSoMC", isUpdating="False", data=data))


async def test_items_of_a_batch_are_judged_one_by_one(client: Client) -> None:
    """Good dossiers of a batch are stored, bad ones named; the whole answers with the first failure."""
    other = _with(MaHoSo="000.00.00.H56-250901-0002")
    answer = await client.push(DOSSIER, _with(ChuHoSo=""), other, DOSSIER)

    assert -6 == _code(answer)
    assert [0, -6, 0, 3] == [_code(one) for one in answer["result"]]
    rows = [row["key"] async for row in client.remote.rows()]
    assert [CODE, "000.00.00.H56-250901-0002"] == rows


async def test_progress_is_appended_row_by_row(client: Client) -> None:
    """Rows of progress are stored in their order, and again when they come again."""
    await client.push(DOSSIER)
    rows = [STEP, {**STEP, "TrangThai": "4", "ThoiDiemXuLy": "20250901090000"}]

    answers = [await client.call("CapNhatTienDoHoSoMC", data=rows) for _ in range(2)]

    assert all("thành công" in answer["message"] for answer in answers)
    stored = [row["data"] async for row in client.remote.rows(kind="progress")]
    assert rows + rows == stored


async def test_progress_of_an_unknown_dossier_is_refused(client: Client) -> None:
    """Progress needs a dossier."""
    answer = await client.call("CapNhatTienDoHoSoMC", data=[STEP])

    assert "không tồn tại" in answer["message"]
    assert [] == await client.kinds()


async def test_more_than_ten_rows_of_progress_are_refused(client: Client) -> None:
    """Ten rows pass, eleven do not, and none of the eleven is stored."""
    await client.push(DOSSIER)

    assert 0 == _code(await client.call("CapNhatTienDoHoSoMC", data=[STEP] * 10))
    assert -8 == _code(await client.call("CapNhatTienDoHoSoMC", data=[STEP] * 11))
    assert 10 == (await client.kinds()).count("progress")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"NguoiXuLy": "x" * 51}, "NguoiXuLy"),
        ({"NguoiXuLy": ""}, "NguoiXuLy"),
        ({"ThoiDiemXuLy": "01/09/2025 08:30:00"}, "ThoiDiemXuLy"),
        ({"TrangThai": "99"}, "TrangThai"),
        ({"GhiChu": "x"}, "GhiChu"),
    ],
)
async def test_a_wrong_row_of_progress_is_refused_by_name(
    client: Client, changes: dict[str, object], field: str
) -> None:
    """One wrong row refuses the whole batch."""
    await client.push(DOSSIER)

    answer = await client.call("CapNhatTienDoHoSoMC", data=[STEP, {**STEP, **changes}])

    assert f"Trường {field}" in answer["message"]
    assert 0 == (await client.kinds()).count("progress")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"dstcode": "VN/GOV/000.00.00.H56/OTHER"}, 400),
        ({"Content-Type": "text/plain"}, 415),
        ({"Accept": "*/*"}, 400),
        ({"Charset": "latin-1"}, 400),
    ],
)
async def test_wrong_headers_do_not_get_in(client: Client, headers: dict[str, str], status: int) -> None:
    """A wrong dstcode, content type, Accept or Charset is refused before anything is read."""
    body = {"session": client.session, "madonvi": "H56", "service": "LayDanhSachTTHC"}

    reply = await client.http.post("/mapi/g", json=body, headers=headers)

    assert status == reply.status_code
    assert -11 == _code(reply.json())


async def test_paths_methods_and_bodies_are_checked(client: Client) -> None:
    """Other paths are not found, other methods not allowed, other bodies malformed, large ones refused."""
    assert 404 == (await client.http.post("/mapi/h", json={})).status_code
    assert 405 == (await client.http.get("/mapi/g")).status_code
    assert 400 == (await client.http.post("/mapi/g", content=b"{")).status_code
    assert 400 == (await client.http.post("/mapi/g", json=[1])).status_code
    assert 413 == (await client.http.post("/mapi/g", content=b" " * 5_000_001)).status_code


async def test_a_wrong_password_opens_no_session(client: Client) -> None:
    """Login needs the right pair and only that."""
    answer = await client.login(secret="wrong")
    more = {"username": "hub-sandbox", "password": PASSWORD, "more": "x"}

    assert -1 == _code(answer)
    assert "session" not in answer
    assert 0 != _code((await client.http.post("/mapi/login", json=more)).json())


@pytest.mark.parametrize("session", ["", "SANDBOX-0", 7, None])
async def test_a_call_without_a_session_is_told_so(client: Client, session: object) -> None:
    """A missing or wrong session is refused with a text that contains "session"."""
    body = {"session": session, "madonvi": "H56", "service": "DongBoHoSoMC", "isUpdating": "False", "data": [DOSSIER]}

    answer = (await client.http.post("/mapi/g", json=body)).json()

    assert -2 == _code(answer)
    assert "session" in answer["message"]
    assert [] == await client.kinds()


async def test_services_units_and_parameters_must_be_known(client: Client) -> None:
    """An unknown service, a wrong madonvi, a missing and an unknown parameter are refused."""
    assert -4 == _code(await client.call("XoaHoSo"))
    assert -5 == _code(await client.call("LayDanhSachTTHC", madonvi="H57"))
    assert "maTTHC" in (await client.call("LayThuTuc"))["message"]
    assert "page" in (await client.call("LayDanhSachTTHC", page="1"))["message"]


async def test_sessions_end_on_command(client: Client) -> None:
    """After the order to expire, a call is refused until the next login."""
    assert 1 == await client.remote.expire_sessions()

    assert -2 == _code(await client.push(DOSSIER))
    await client.login()
    assert 0 == _code(await client.push(DOSSIER))


async def test_sessions_end_with_age(tmp_path: Path) -> None:
    """A session is good for its time and no longer."""
    clock = ManualClock()
    sandbox = PortalSandbox(Placement(tmp_path), PortalSettings(session_age_max_s=60), clock)
    async with connected(sandbox) as client:
        await client.login()
        await clock.advance(59)
        assert 0 == _code(await client.push(DOSSIER))
        await clock.advance(2)
        assert -2 == _code(await client.push(DOSSIER, updating="True"))


async def test_a_rotated_password_shuts_the_old_one_out(client: Client) -> None:
    """After the rotation only the other password opens a session; a running session goes on."""
    await client.remote.rotate(password="other")
    assert 0 == _code(await client.push(DOSSIER))

    assert -1 == _code(await client.login())
    assert 0 == _code(await client.login(secret="other"))


async def test_the_rotation_of_other_credentials_is_refused(client: Client) -> None:
    """The portal has a password and nothing else to rotate."""
    with pytest.raises(Refused, match="password"):
        await client.remote.rotate(secret="x")


# --- faults --------------------------------------------------------------------------------------------------------


async def test_a_dropped_reply_is_an_effect(client: Client) -> None:
    """drop_reply stores the dossier and cuts the connection without a byte; the next call goes through."""
    await client.remote.fault("drop_reply", count=1)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await client.push(DOSSIER)

    assert ["dossier_created"] == await client.kinds()
    assert _code(await client.push(DOSSIER)) in {3, -3}


async def test_a_cut_before_acting_is_no_effect(client: Client) -> None:
    """cut_before_acting stores nothing."""
    await client.remote.fault("cut_before_acting", count=1)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await client.push(DOSSIER)

    assert [] == await client.kinds()
    assert 0 == _code(await client.push(DOSSIER))


async def test_a_truncated_reply_is_an_effect(client: Client) -> None:
    """Truncate stores the dossier and sends half of the announced bytes."""
    await client.remote.fault("truncate", count=1)

    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
        await client.push(DOSSIER)

    assert ["dossier_created"] == await client.kinds()


@pytest.mark.parametrize(("status", "acts"), [(429, False), (500, True), (502, False), (503, True)])
async def test_a_status_is_given_with_or_without_acting(client: Client, status: int, acts: bool) -> None:
    """Status answers as ordered, with Retry-After, and acts only if told to."""
    await client.remote.fault("status", status=status, acts=acts, retry_after_s=7, count=1)

    reply = await client.post("DongBoHoSoMC", isUpdating="False", data=[DOSSIER])

    assert (status, "7") == (reply.status_code, reply.headers["Retry-After"])
    assert (["dossier_created"] if acts else []) == await client.kinds()


async def test_a_firewall_page_is_no_effect(client: Client) -> None:
    """Html answers 200 with a page and stores nothing."""
    await client.remote.fault("html", count=1)

    reply = await client.post("DongBoHoSoMC", isUpdating="False", data=[DOSSIER])

    assert (200, "text/html; charset=utf-8") == (reply.status_code, reply.headers["Content-Type"])
    assert "SANDBOX" == reply.headers["X-Sandbox"]
    assert [] == await client.kinds()


async def test_a_delay_comes_before_acting_even_for_a_client_that_left(client: Client) -> None:
    """Delay acts after its time although the client gave up waiting."""
    await client.remote.fault("delay", delay_s=0.2, count=1)

    with pytest.raises(httpx.ReadTimeout):
        await client.http.post(
            "/mapi/g",
            json={"session": client.session, "madonvi": "H56", "service": "TraCuuHoSo", "mahoso": CODE},
            timeout=0.05,
        )

    assert [] == await client.kinds()
    await asyncio.sleep(0.3)
    assert ["lookup"] == await client.kinds()


async def test_a_stalled_reply_comes_after_the_effect(client: Client) -> None:
    """Stall acts at once and answers late."""
    await client.remote.fault("stall", delay_s=0.2, count=1)
    push = asyncio.create_task(client.push(DOSSIER))
    await asyncio.sleep(0.1)

    assert ["dossier_created"] == await client.kinds()
    assert not push.done()
    assert 0 == _code(await push)


async def test_a_stall_may_end_without_acting(client: Client) -> None:
    """Stall with acts=false holds the connection, then cuts it, and stores nothing."""
    await client.remote.fault("stall", delay_s=0.05, acts=False, count=1)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await client.push(DOSSIER)

    assert [] == await client.kinds()


async def test_down_ends_a_stall(client: Client) -> None:
    """A reply that is held back is cut when the platform goes down; the outage does not wait for it."""
    await client.remote.fault("stall", delay_s=60, count=1)
    push = asyncio.create_task(client.push(DOSSIER))
    await asyncio.sleep(0.1)

    async with asyncio.timeout(0.5):
        await client.remote.fault("down")
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await push


async def test_down_closes_the_port_and_opens_it_again(client: Client) -> None:
    """Down refuses connections on the data port while the control port answers, then serves under the same address."""
    await client.remote.fault("down", duration_s=0.3)

    assert not (await client.remote.state())["open"]
    with pytest.raises(httpx.ConnectError):
        await client.push(DOSSIER)
    await asyncio.sleep(0.4)
    assert 0 == _code(await client.push(DOSSIER))


async def test_down_cuts_calls_that_wait(client: Client) -> None:
    """A call that has not acted when the platform goes down never acts."""
    await client.remote.fault("delay", delay_s=0.3, count=1)
    push = asyncio.create_task(client.push(DOSSIER))
    await asyncio.sleep(0.1)
    await client.remote.fault("down")

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await push
    await asyncio.sleep(0.3)
    assert [] == await client.kinds()


async def test_taking_the_outage_back_opens_the_port(client: Client) -> None:
    """Down without an end lasts until the faults are cleared."""
    await client.remote.fault("down")
    await client.remote.clear_faults()

    assert (await client.remote.state())["open"]
    assert 0 == _code(await client.push(DOSSIER))


async def test_a_session_expires_in_mid_work(client: Client) -> None:
    """expire_session refuses one call for its session; after a login all is well."""
    await client.remote.fault("expire_session", count=1)

    assert "session" in (await client.push(DOSSIER))["message"]
    await client.login()
    assert 0 == _code(await client.push(DOSSIER))


@pytest.mark.parametrize("acts", [False, True])
async def test_success_may_come_with_a_text_of_failure(client: Client, acts: bool) -> None:
    """success_code_failure_text says 0 without "thành công", and stores nothing unless told to."""
    await client.remote.fault("success_code_failure_text", count=1, acts=acts)

    answer = await client.push(DOSSIER)

    assert 0 == _code(answer)
    assert "thành công" not in answer["message"]
    assert (["dossier_created"] if acts else []) == await client.kinds()


@pytest.mark.parametrize(("kind", "code"), [("error_code_as_int", 0), ("error_code_as_str", "0")])
async def test_the_form_of_error_code_can_be_fixed(client: Client, kind: str, code: object) -> None:
    """error_code_as_int and error_code_as_str end the alternation."""
    await client.remote.fault(kind)

    assert {code} == {(await client.call("LayDanhSachTTHC"))["error_code"] for _ in range(16)}


async def test_a_batch_may_be_taken_in_part(client: Client) -> None:
    """partial_batch stores the first half of a batch and names the rest as left out; single items pass."""
    await client.push(DOSSIER)
    await client.remote.fault("partial_batch", count=1)
    rows = [{**STEP, "NoiDungXuLy": f"Bước {number}"} for number in range(5)]

    single = await client.call("CapNhatTienDoHoSoMC", data=rows[:1])
    answer = await client.call("CapNhatTienDoHoSoMC", data=rows)

    assert 0 == _code(single)
    assert -10 == _code(answer)
    assert [0, 0, -10, -10, -10] == [_code(one) for one in answer["result"]]
    stored = [row["data"]["NoiDungXuLy"] async for row in client.remote.rows(kind="progress")]
    assert ["Bước 0", "Bước 0", "Bước 1"] == stored


async def test_faults_are_bounded_by_service_key_count_and_skip(client: Client) -> None:
    """A fault strikes only calls of its service about its dossier, after those let through, as often as ordered."""
    other = "000.00.00.H56-250901-0009"
    await client.remote.fault("status", service="TraCuuHoSo", key=CODE, skip=1, count=2)

    statuses = [(await client.post("TraCuuHoSo", mahoso=code)).status_code for code in [CODE, other, CODE, CODE, CODE]]

    assert [200, 200, 503, 503, 200] == statuses
    assert 200 == (await client.post("LayDanhSachTTHC")).status_code
    assert [] == await client.remote.faults()


async def test_faults_end_with_their_time(client: Client) -> None:
    """A fault with a duration strikes no longer afterwards."""
    await client.remote.fault("html", duration_s=0.1)
    first = await client.post("LayDanhSachTTHC")
    await asyncio.sleep(0.15)
    second = await client.post("LayDanhSachTTHC")

    assert ["text/html", "application/json"] == [r.headers["Content-Type"].split(";")[0] for r in (first, second)]


async def test_chances_repeat_with_their_seed(client: Client) -> None:
    """A fault with a probability strikes some calls, and the same ones for the same seed."""
    runs = []
    for _ in range(2):
        fault_id = await client.remote.fault("status", probability=0.5, seed=42)
        runs.append([(await client.post("LayDanhSachTTHC")).status_code for _ in range(30)])
        await client.remote.clear_faults(fault_id)

    assert runs[0] == runs[1]
    assert {200, 503} == set(runs[0])


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "explode"},
        {"kind": "delay", "delay_s": -1},
        {"kind": "status", "status": 200},
        {"kind": "html", "probability": 1.5},
        {"kind": "html", "often": True},
        {"kind": "soap_fault"},
    ],
)
async def test_an_order_that_makes_no_sense_is_refused(client: Client, order: dict[str, object]) -> None:
    """Unknown kinds, bounds out of range and unknown fields are refused with a reason."""
    bounds = {name: value for name, value in order.items() if name != "kind"}
    with pytest.raises(Refused, match=r".+"):
        await client.remote.fault(str(order["kind"]), **bounds)


# --- ledger --------------------------------------------------------------------------------------------------------


async def test_the_ledger_outlives_the_sandbox(tmp_path: Path) -> None:
    """After a restart rows and dossiers are there and the numbering goes on; sessions are not."""
    for number in range(2):
        async with connected(PortalSandbox(Placement(tmp_path))) as client:
            assert -2 == _code(await client.push(DOSSIER))
            await client.login()
            assert 0 == _code(await client.push(DOSSIER, updating="True" if number else "False"))
            rows = [(row["seq"], row["kind"]) async for row in client.remote.rows()]

    assert [(1, "dossier_created"), (2, "dossier_updated")] == rows


async def test_a_torn_line_is_cut_off(tmp_path: Path) -> None:
    """A line that a crash left unfinished is removed, and the next row takes its number."""
    (tmp_path / LEDGER_FILE).write_bytes(b'{"seq":1,"at":"2026-11')

    async with connected(PortalSandbox(Placement(tmp_path))) as client:
        await client.login()
        await client.push(DOSSIER)
        assert [(1, CODE)] == [(row["seq"], row["key"]) async for row in client.remote.rows()]


async def test_a_full_disk_is_no_effect(client: Client, tmp_path: Path) -> None:
    """When the ledger cannot be written the portal answers 503 and has done nothing; later it works again."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / LEDGER_FILE).stat().st_size + 100, before[1]))
    try:
        reply = await client.post("DongBoHoSoMC", isUpdating="False", data=[DOSSIER])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert 503 == reply.status_code
    assert [] == await client.kinds()
    assert 0 == _code(await client.push(DOSSIER))


async def test_two_sandboxes_cannot_share_a_ledger(tmp_path: Path) -> None:
    """The second sandbox on a folder is refused while the first one lives."""
    async with running(PortalSandbox(Placement(tmp_path))):
        with pytest.raises(LedgerInUse):
            PortalSandbox(Placement(tmp_path))


async def test_the_ledger_is_read_in_pages_and_filtered(client: Client) -> None:
    """Pages join without gap or repeat; filters go by kind, key and service."""
    codes = [f"000.00.00.H56-250901-{number:04d}" for number in range(5)]
    await client.push(*[_with(MaHoSo=code) for code in codes])
    await client.call("TraCuuHoSo", mahoso=codes[3])
    address = (await client.remote.state())["address"]
    assert address.startswith("http://127.0.0.1:")

    first = [row["seq"] async for row in client.remote.rows(after=2, kind="dossier_created")]
    about = [row["kind"] async for row in client.remote.rows(key=codes[3])]
    looked = [row["key"] async for row in client.remote.rows(service="TraCuuHoSo")]

    assert [3, 4, 5] == first
    assert ["dossier_created", "lookup"] == about
    assert [codes[3]] == looked


async def test_the_summary_counts_rows_requests_and_refusals(client: Client) -> None:
    """The summary tells what came, what was done and what was refused."""
    await client.push(DOSSIER)
    await client.push(_with(ChuHoSo=""))
    await client.call("XoaHoSo")

    summary = await client.remote.summary()

    assert {"dossier_created": 1} == summary["kinds"]
    assert {"login": 1, "DongBoHoSoMC": 2, "unknown": 1} == summary["requests"]
    assert {"-6": 1, "-4": 1} == summary["refusals"]


async def test_the_state_tells_the_settings_without_the_password(client: Client) -> None:
    """Partners can read what the sandbox expects; the password is not shown."""
    state = await client.remote.state()

    assert ("national_portal", True, "H56") == (state["platform"], state["open"], state["settings"]["madonvi"])
    assert "password" not in state["settings"]
