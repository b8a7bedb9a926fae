"""The dossier object of `DongBoHoSoMC`: 2019 fields with the 2022 extension.

Known: names, codes, dates, the lengths of TrichYeuHoSo, TenTepDinhKem and TenGiayTo; NgayTiepNhan is mandatory.
Assumed: the other mandatory fields and lengths, the shapes of the two lists inside DanhSachHoSoBoSung, the refusal
of TrangThaiHoSo 0 and 11, and that there are no other fields.
"""

from collections.abc import Callable

from ops.sandbox.portal.form import Form
from ops.sandbox.portal.rule import Rule, choice, pattern, stamp, text, url

CODE = pattern(
    r"(\d{3}\.\d{2}\.\d{2}\.[GHK]\d{2}|[A-Z]\d{2}(\.\d{1,3}){0,3})-\d{6}-\d{4,}", "không đúng dạng mã hồ sơ quốc gia"
)
"""Dossier code `{agency}-{yyMMdd}-{NNNN}` in either spelling of the agency."""

STATUS = choice(*(str(number) for number in range(1, 11)))

_FLAG = choice("0", "1")
_TRUTH = choice("True", "False")
_DIGITS = pattern(r"\d{1,15}", "phải là số")
_FIELD_CODE = pattern(r"[A-Z]\d{2}-[A-Z]{2}\d{2,3}", "không đúng dạng mã lĩnh vực")
_NAME = text(1000)
_SHORT = text(200)
_PAPER = text(2000)

_SUBMITTED = Form(
    fields={
        "TepDinhKemId": _SHORT,
        "TenTepDinhKem": text(4000),
        "IsDeleted": _TRUTH,
        "MaThanhPhanHoSo": _SHORT,
        "DuongDanTaiTepTin": url,
        "DuocSoHoa": _FLAG,
        "DuocTaiSuDung": choice("0", "1", "2"),
        "DuocLayTuKhoDMQG": _FLAG,
        "MaKetQuaThayThe": _SHORT,
    },
    required=("TepDinhKemId", "TenTepDinhKem", "IsDeleted", "DuongDanTaiTepTin"),
)
_FEE = Form(
    fields={"TenPhiLePhi": _NAME, "MaPhiLePhi": _SHORT, "HinhThucThu": _SHORT, "Gia": _DIGITS, "LoaiPhiLePhi": _SHORT},
    required=("TenPhiLePhi", "Gia"),
)
_OTHER_PAPER = Form(fields={"TenGiayTo": _PAPER, "SoLuong": _DIGITS, "LoaiGiayTo": _SHORT}, required=("TenGiayTo",))
_SUPPLEMENT = Form(
    fields={
        "HoSoBoSungId": _SHORT,
        "NguoiYeuCauBoSung": _SHORT,
        "NoiDungBoSung": text(),
        "NgayBoSung": stamp,
        "NguoiTiepNhanBoSung": _SHORT,
        "ThongTinTiepNhan": text(),
        "NgayTiepNhanBoSung": stamp,
        "TrangThaiBoSung": _SHORT,
        "NgayHenTraTruoc": stamp,
        "NgayHenTraMoi": stamp,
    },
    required=("HoSoBoSungId",),
    lists={"DanhSachGiayToBoSung": _OTHER_PAPER, "DanhSachLePhiBoSung": _FEE},
)
_RESULT = Form(
    fields={
        "TenGiayTo": _PAPER,
        "MaThanhPhanHoSo": _SHORT,
        "GiayToId": _SHORT,
        "DuongDanTepTinKetQua": url,
        "MaGiayToKetQua": _SHORT,
    },
    required=("TenGiayTo", "DuongDanTepTinKetQua"),
)
_DATABASE = Form(fields={"MaCSDL": text(20)}, required=("MaCSDL",))


class _Identity(Form):
    """LoaiDinhDanh 1 goes with twelve digits, 2 with nine."""

    def problem(self, document: object, path: str = "") -> str | None:
        """Say what is wrong with one identity number."""
        problem = super().problem(document, path)
        if problem is not None or not isinstance(document, dict):
            return problem
        digits = 12 if document["LoaiDinhDanh"] == "1" else 9
        return None if len(document["SoDinhDanh"]) == digits else f"Trường {path}SoDinhDanh: phải có {digits} chữ số"


_IDENTITY = _Identity(
    fields={"LoaiDinhDanh": choice("1", "2"), "SoDinhDanh": _DIGITS},
    required=("LoaiDinhDanh", "SoDinhDanh"),
)

_REQUIRED = (
        "MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "KenhThucHien", "ChuHoSo", "LoaiDoiTuong",
        "NgayTiepNhan", "TrangThaiHoSo", "HinhThuc", "DonViXuLy",
    )  # fmt: skip


def dossier_form(is_procedure: Callable[[str], bool]) -> Form:
    """Build the form of a dossier; `is_procedure` knows the catalogue."""

    def procedure(value: str) -> str | None:
        return None if is_procedure(value) else "không có trong danh mục thủ tục hành chính"

    return Form(fields=_fields(procedure), required=_REQUIRED, nullable=frozenset({"MaDoiTuong"}), lists=_LISTS)


def _fields(procedure: Rule) -> dict[str, Rule]:
    return {
        "MaHoSo": CODE,
        "MaTTHC": procedure,
        "TenTTHC": _NAME,
        "MaLinhVuc": _FIELD_CODE,
        "TenLinhVuc": _NAME,
        "SoBienNhan": _SHORT,
        "ChuHoSo": _NAME,
        "LoaiDoiTuong": choice("1", "2", "3", "4"),
        "MaDoiTuong": _SHORT,
        "ThongTinKhac": text(),
        "Email": text(254),
        "Fax": text(50),
        "SoDienThoai": text(50),
        "TrichYeuHoSo": text(1000),
        "NgayTiepNhan": stamp,
        "NgayHenTra": stamp,
        "NgayTra": stamp,
        "NgayKetThucXuLy": stamp,
        "TrangThaiHoSo": STATUS,
        "ThongTinTra": text(),
        "GhiChu": text(),
        "HinhThuc": _FLAG,
        "DonViXuLy": _NAME,
        "KenhThucHien": choice("1", "2", "3"),
        "SoGiayToChuHoSo": text(50),
        "NoiNopHoSo": choice("1", "2"),
        "HoSoCoThanhPhanSoHoa": _FLAG,
        "TaiKhoanDuocXacThucVoiVNeID": _FLAG,
        "DuocThanhToanTrucTuyen": choice("0", "1", "3"),
        "NgayTuChoi": stamp,
        "NgayNopHoSo": stamp,
    }


_LISTS = {
    "TaiLieuNop": _SUBMITTED,
    "DanhSachLePhi": _FEE,
    "DanhSachTepDinhKemKhac": _OTHER_PAPER,
    "DanhSachHoSoBoSung": _SUPPLEMENT,
    "DanhSachGiayToKetQua": _RESULT,
    "DinhDanhCHS": _IDENTITY,
    "DSKetNoiCSDL": _DATABASE,
}
