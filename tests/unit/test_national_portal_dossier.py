"""Dossiers and progress in the portal's words: the interface's example, and values computed by hand."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from adapters.national_portal.config import PortalConfig
from adapters.national_portal.dossier import ho_so, summary
from adapters.national_portal.progress import parts, rows_of
from hub.ports import Job
from schemas.dossier import (
    Applicant,
    ApplicantKind,
    Attachment,
    Channel,
    DossierStatus,
    DossierSubmission,
    Fee,
    FeePayment,
    ProgressStep,
    ResultDelivery,
    ResultPaper,
    Reuse,
)
from schemas.procedure import Procedure

LOCAL = timezone(timedelta(hours=7))

EXAMPLE = {
    "MaHoSo": "000.00.00.H00-250901-0001",
    "MaTTHC": "1.001193",
    "TenTTHC": "Dang ky khai sinh",
    "MaLinhVuc": "G15-HT01",
    "TenLinhVuc": "Ho tich",
    "KenhThucHien": "2",
    "ChuHoSo": "NGUYEN VAN A",
    "LoaiDoiTuong": "1",
    "MaDoiTuong": "TECH-1",
    "SoGiayToChuHoSo": "001000000001",
    "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "001000000001"}],
    "NgayNopHoSo": "20250901080000",
    "NgayTiepNhan": "20250901083000",
    "NgayHenTra": "20250901170000",
    "TrangThaiHoSo": "2",
    "HinhThuc": "0",
    "DonViXuLy": "UBND xa X",
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
"""The example of the interface description, with a word in place of the technical identifier."""

NOT_IN_EXAMPLE = {
    "TrichYeuHoSo": "Dang ky khai sinh",
    "GhiChu": "",
    "Email": "",
    "SoDienThoai": "",
    "NgayTra": "",
    "NgayKetThucXuLy": "",
    "NgayTuChoi": "",
}
"""Fields of the table that the example leaves out."""

PROCEDURE = Procedure(
    code="1.001193",
    name="Dang ky khai sinh",
    field_code="G15-HT01",
    field_name="Ho tich",
    valid_from=date(2025, 7, 1),
)


def config(**changes: object) -> PortalConfig:
    """A configuration."""
    account = {"username": "u", "password": "p", "provider": "VN/GOV/G22", "unit": "H00"}
    return PortalConfig.model_validate({"adapter_url": "https://portal.example", **account, **changes})


def submission(**changes: object) -> DossierSubmission:
    """The dossier of the example."""
    fields: dict[str, object] = {
        "code": "000.00.00.H00-250901-0001",
        "revision": 1,
        "procedure": "1.001193",
        "status": DossierStatus.ACCEPTED,
        "channel": Channel.ONLINE,
        "applicant": applicant(),
        "summary": "Dang ky khai sinh",
        "processing_unit": "UBND xa X",
        "submitted_at": datetime(2025, 9, 1, 8, 0, tzinfo=LOCAL),
        "received_at": datetime(2025, 9, 1, 1, 30, tzinfo=UTC),
        "due_at": datetime(2025, 9, 1, 17, 0, tzinfo=LOCAL),
        "attachments": (attachment(),),
        "consulted_databases": ("7",),
    }
    return DossierSubmission.model_validate({**fields, **changes})


def applicant(**changes: object) -> Applicant:
    """The owner of the example."""
    fields = {"kind": ApplicantKind.CITIZEN, "name": "NGUYEN VAN A", "personal_number": "001000000001"}
    return Applicant.model_validate({**fields, "account_id": "TECH-1", "account_verified": True, **changes})


def attachment(**changes: object) -> Attachment:
    """The file of the example."""
    fields: dict[str, object] = {
        "id": "f1",
        "name": "giay_chung_sinh.pdf",
        "url": "https://apidvc.example/getfile?id=f1",
        "component": "KQ.G18.000001",
        "digitised": True,
    }
    return Attachment.model_validate({**fields, **changes})


def translated(**changes: object) -> dict[str, object]:
    """The example's dossier with changes, in the portal's words."""
    return ho_so(submission(**changes), PROCEDURE, config())


def test_the_example_of_the_interface_comes_out() -> None:
    """Every field of the example has the example's value, and no field is there that the interface does not name."""
    assert EXAMPLE | NOT_IN_EXAMPLE == translated()


def test_all_single_values_are_texts() -> None:
    """The portal takes texts only: no number, no boolean, no null, at any depth."""
    full = translated(
        fees=(Fee(code="LP01", name="Le phi", kind="fee", amount_vnd=8000),),
        results=(ResultPaper.model_validate({"id": "r1", "name": "GKS", "url": "https://a.example/r1"}),),
        applicant=Applicant(kind=ApplicantKind.ORGANISATION, name="TO CHUC A"),
    )

    def texts(value: object) -> bool:
        if isinstance(value, dict):
            return all(texts(item) for item in value.values())
        return all(map(texts, value)) if isinstance(value, list) else isinstance(value, str)

    assert texts(full)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (DossierStatus.REGISTERED, "1"),
        (DossierStatus.ACCEPTED, "2"),
        (DossierStatus.NOT_ACCEPTED, "3"),
        (DossierStatus.PROCESSING, "4"),
        (DossierStatus.SUPPLEMENT_REQUESTED, "5"),
        (DossierStatus.PAYMENT_REQUESTED, "6"),
        (DossierStatus.WITHDRAWN, "7"),
        (DossierStatus.STOPPED, "8"),
        (DossierStatus.FINISHED, "9"),
        (DossierStatus.RETURNED, "10"),
    ],
)
def test_each_status_goes_out_as_it_is(status: DossierStatus, code: str) -> None:
    """No status is turned into another one to make figures look better."""
    assert code == translated(status=status)["TrangThaiHoSo"]


@pytest.mark.parametrize(
    ("channel", "code", "account"),
    [(Channel.COUNTER, "1", ""), (Channel.ONLINE, "2", "TECH-1"), (Channel.POSTAL, "3", "")],
)
def test_the_account_is_named_for_online_dossiers_only(channel: Channel, code: str, account: str) -> None:
    """The portal links its account to dossiers that were filed online."""
    made = translated(channel=channel)

    assert (code, account) == (made["KenhThucHien"], made["MaDoiTuong"])


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ApplicantKind.CITIZEN, "1"),
        (ApplicantKind.ENTERPRISE, "2"),
        (ApplicantKind.STATE_AGENCY, "3"),
        (ApplicantKind.ORGANISATION, "4"),
    ],
)
def test_each_kind_of_applicant_has_its_code(kind: ApplicantKind, code: str) -> None:
    """LoaiDoiTuong 1 to 4."""
    assert code == translated(applicant=applicant(kind=kind))["LoaiDoiTuong"]


@pytest.mark.parametrize(
    ("number", "identity"),
    [
        ("001000000001", [{"LoaiDinhDanh": "1", "SoDinhDanh": "001000000001"}]),
        ("012345678", [{"LoaiDinhDanh": "2", "SoDinhDanh": "012345678"}]),
        (None, []),
    ],
)
def test_a_number_is_sent_only_when_there_is_one(number: str | None, identity: object) -> None:
    """Twelve digits are kind 1, nine are kind 2, and no placeholder stands for a missing number."""
    made = translated(applicant=applicant(personal_number=number))

    assert (number or "", identity) == (made["SoGiayToChuHoSo"], made["DinhDanhCHS"])


@pytest.mark.parametrize(
    ("payment", "code"), [(FeePayment.NONE, "0"), (FeePayment.ONLINE, "1"), (FeePayment.OTHER, "3")]
)
def test_how_fees_were_paid_has_its_code(payment: FeePayment, code: str) -> None:
    """DuocThanhToanTrucTuyen 0, 1 and 3."""
    assert code == translated(fee_payment=payment)["DuocThanhToanTrucTuyen"]


def test_no_database_is_named_that_was_not_asked() -> None:
    """DSKetNoiCSDL lists what was consulted, under the portal's codes where the operator gave them."""
    made = ho_so(
        submission(consulted_databases=("population", "7")), PROCEDURE, config(database_codes={"population": "1"})
    )

    assert [] == translated(consulted_databases=())["DSKetNoiCSDL"]
    assert [{"MaCSDL": "1"}, {"MaCSDL": "7"}] == made["DSKetNoiCSDL"]


def test_a_submitted_file_is_no_result() -> None:
    """Results are papers that were issued, nothing else."""
    paper = {"id": "r1", "name": "Giấy khai sinh", "url": "https://a.example/r1", "code": "KQ.G15.000031"}

    assert [] == translated(status=DossierStatus.RETURNED)["DanhSachGiayToKetQua"]
    assert [
        {
            "TenGiayTo": "Giấy khai sinh",
            "MaThanhPhanHoSo": "",
            "GiayToId": "r1",
            "DuongDanTepTinKetQua": "https://a.example/r1",
            "MaGiayToKetQua": "KQ.G15.000031",
        }
    ] == translated(results=(ResultPaper.model_validate(paper),))["DanhSachGiayToKetQua"]


@pytest.mark.parametrize(
    ("file", "field", "value"),
    [
        (attachment(deleted=True), "IsDeleted", "True"),
        (attachment(digitised=False), "DuocSoHoa", "0"),
        (attachment(reuse=Reuse.COMPONENT), "DuocTaiSuDung", "1"),
        (attachment(reuse=Reuse.RESULT), "DuocTaiSuDung", "2"),
        (attachment(from_repository=True), "DuocLayTuKhoDMQG", "1"),
        (attachment(component=None), "MaThanhPhanHoSo", ""),
    ],
)
def test_flags_of_a_file_have_their_codes(file: Attachment, field: str, value: str) -> None:
    """Each flag is written in its own pair of words."""
    files = translated(attachments=(file,))["TaiLieuNop"]

    assert isinstance(files, list)
    assert value == files[0][field]


@pytest.mark.parametrize(
    ("files", "flag"),
    [
        ((), "0"),
        ((attachment(digitised=False),), "0"),
        ((attachment(digitised=False), attachment(id="f2")), "1"),
        ((attachment(deleted=True),), "0"),
    ],
)
def test_a_dossier_is_digitised_by_a_file_that_is_still_there(files: tuple[Attachment, ...], flag: str) -> None:
    """HoSoCoThanhPhanSoHoa follows the files that were not removed."""
    assert flag == translated(attachments=files)["HoSoCoThanhPhanSoHoa"]


def test_fees_are_listed_in_whole_dong() -> None:
    """A fee that was waived is not listed; codes of kind and time are those of the configuration."""
    fees = (
        Fee(code="LP01", name="Lệ phí", kind="fee", amount_vnd=8000),
        Fee(code="P02", name="Phí", kind="charge", amount_vnd=1_500_000, collection="after"),
        Fee(code="P03", name="Phí miễn", kind="charge", amount_vnd=5000, collection="exempt"),
    )
    made = ho_so(submission(fees=fees), PROCEDURE, config(fee_codes={"charge": "2"}))

    assert [
        {"TenPhiLePhi": "Lệ phí", "MaPhiLePhi": "LP01", "HinhThucThu": "1", "Gia": "8000", "LoaiPhiLePhi": "1"},
        {"TenPhiLePhi": "Phí", "MaPhiLePhi": "P02", "HinhThucThu": "4", "Gia": "1500000", "LoaiPhiLePhi": "2"},
    ] == made["DanhSachLePhi"]


def test_times_are_local_and_of_24_hours() -> None:
    """Half past one in the afternoon is 13, in Viet Nam, whatever offset the sender used."""
    afternoon = datetime(2025, 9, 2, 6, 30, 15, tzinfo=UTC)
    made = translated(finished_at=afternoon, returned_at=afternoon, refused_at=afternoon, due_at=None)

    assert ["20250902133015"] * 3 == [made["NgayKetThucXuLy"], made["NgayTra"], made["NgayTuChoi"]]
    assert "" == made["NgayHenTra"]


def test_result_by_post_has_its_code() -> None:
    """HinhThuc 1 is by post."""
    assert "1" == translated(result_delivery=ResultDelivery.POST)["HinhThuc"]


@pytest.mark.parametrize(
    ("text", "cut"), [("ă" * 1000, "ă" * 1000), ("ă" * 1001, "ă" * 995 + "..."), ("", "")], ids=["1000", "1001", "0"]
)
def test_a_summary_is_cut_where_the_portal_stops(text: str, cut: str) -> None:
    """1000 characters pass; longer ones keep 995 and get three dots."""
    assert cut == summary(text)


def step(number: int) -> ProgressStep:
    """One step of the work."""
    return ProgressStep(
        officer=f"Can bo {number}",
        position="Chuyen vien",
        unit="Bo phan mot cua",
        at=datetime(2025, 9, 1, 5, number, tzinfo=UTC),
        content=f"Buoc {number}",
        status=DossierStatus.PROCESSING,
        started_at=datetime(2025, 9, 1, 4, 0, tzinfo=UTC),
    )


def rows(count: int, part: int, of: int) -> list[dict[str, str]]:
    """The rows of one part of a dossier with that many steps."""
    steps = tuple(step(number) for number in range(count))
    return rows_of(Job("m", submission(progress=steps), PROCEDURE, part, of))


def test_a_step_becomes_a_row() -> None:
    """All nine fields, the due time empty where there is none."""
    assert [
        {
            "MaHoSo": "000.00.00.H00-250901-0001",
            "NguoiXuLy": "Can bo 0",
            "ChucDanh": "Chuyen vien",
            "ThoiDiemXuLy": "20250901120000",
            "PhongBanXuLy": "Bo phan mot cua",
            "NoiDungXuLy": "Buoc 0",
            "TrangThai": "4",
            "NgayBatDau": "20250901110000",
            "NgayKetThucTheoQuyDinh": "",
        }
    ] == rows(1, 0, 1)


@pytest.mark.parametrize(("count", "expected"), [(0, 0), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3), (200, 20)])
def test_rows_fall_into_parts_of_ten(count: int, expected: int) -> None:
    """As many parts as are needed, none for nothing."""
    assert expected == parts(count)


@pytest.mark.parametrize("count", [1, 9, 10, 11, 15, 21, 57])
def test_parts_hold_every_row_once_and_in_order(count: int) -> None:
    """Put together, the parts are the steps; none is larger than ten."""
    of = parts(count)
    pieces = [rows(count, part, of) for part in range(of)]

    assert [f"Buoc {number}" for number in range(count)] == [row["NoiDungXuLy"] for piece in pieces for row in piece]
    assert max(map(len, pieces)) <= 10


def test_eleven_rows_are_cut_evenly() -> None:
    """Five and six, as the port says: part p of n holds rows [len*p//n, len*(p+1)//n)."""
    assert [5, 6] == [len(rows(11, part, 2)) for part in range(2)]
