"""A dossier in the portal's words: the object `hoSo` of `DongBoHoSoMC`. Pure.

All values are texts, times are `yyyyMMddHHmmss`, and what is unknown is "": an update then replaces everything that the
portal holds. Nothing is made up: no placeholder for a missing number, no database that was not asked, no submitted
file in place of a result.
"""

from adapters.national_portal import codes
from adapters.national_portal.config import FeeCodes, PortalConfig
from adapters.wire.booleans import ONE_ZERO, TRUE_FALSE
from adapters.wire.times import stamp
from schemas.dossier import Applicant, Attachment, Channel, DossierSubmission, Fee, ResultPaper
from schemas.procedure import Procedure

Wire = dict[str, object]

_SUMMARY_CHARS_MAX = 1000
_SUMMARY_CHARS_KEPT = 995


def ho_so(submission: DossierSubmission, procedure: Procedure, config: PortalConfig) -> Wire:
    """Return one element of `data`."""
    return {
        **_identity(submission, procedure),
        **_owner(submission.applicant, submission.channel),
        **_state(submission),
        "TaiLieuNop": [_attachment(one) for one in submission.attachments],
        "DanhSachLePhi": [_fee(one, config.fee_codes) for one in submission.fees if one.collection != "exempt"],
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [],
        "DanhSachGiayToKetQua": [_result(one) for one in submission.results],
        "DSKetNoiCSDL": [{"MaCSDL": config.database_codes.get(one, one)} for one in submission.consulted_databases],
    }


def _identity(submission: DossierSubmission, procedure: Procedure) -> Wire:
    return {
        "MaHoSo": submission.code,
        "MaTTHC": procedure.code,
        "TenTTHC": procedure.name,
        "MaLinhVuc": procedure.field_code,
        "TenLinhVuc": procedure.field_name,
        "KenhThucHien": codes.CHANNEL[submission.channel],
        "NoiNopHoSo": codes.FILED_LOCALLY,
        "TrichYeuHoSo": summary(submission.summary),
        "DonViXuLy": submission.processing_unit,
        "GhiChu": submission.note,
    }


def _owner(applicant: Applicant, channel: Channel) -> Wire:
    """The owner; the portal links the account only of dossiers that were filed online."""
    number = applicant.personal_number or ""
    return {
        "ChuHoSo": applicant.name,
        "LoaiDoiTuong": codes.APPLICANT[applicant.kind],
        "MaDoiTuong": (applicant.account_id or "") if channel is Channel.ONLINE else "",
        "SoGiayToChuHoSo": number,
        "DinhDanhCHS": [{"LoaiDinhDanh": codes.NUMBER_KIND[len(number)], "SoDinhDanh": number}] if number else [],
        "Email": applicant.email or "",
        "SoDienThoai": applicant.phone or "",
        "TaiKhoanDuocXacThucVoiVNeID": ONE_ZERO.write(applicant.account_verified),
    }


def _state(submission: DossierSubmission) -> Wire:
    return {
        "TrangThaiHoSo": codes.STATUS[submission.status],
        "HinhThuc": codes.RESULT_DELIVERY[submission.result_delivery],
        "DuocThanhToanTrucTuyen": codes.FEE_PAYMENT[submission.fee_payment],
        "HoSoCoThanhPhanSoHoa": ONE_ZERO.write(any(one.digitised for one in submission.attachments if not one.deleted)),
        "NgayNopHoSo": stamp(submission.submitted_at),
        "NgayTiepNhan": stamp(submission.received_at),
        "NgayHenTra": stamp(submission.due_at),
        "NgayKetThucXuLy": stamp(submission.finished_at),
        "NgayTra": stamp(submission.returned_at),
        "NgayTuChoi": stamp(submission.refused_at),
    }


def _attachment(attachment: Attachment) -> Wire:
    return {
        "TepDinhKemId": attachment.id,
        "TenTepDinhKem": attachment.name,
        "IsDeleted": TRUE_FALSE.write(attachment.deleted),
        "MaThanhPhanHoSo": attachment.component or "",
        "DuongDanTaiTepTin": str(attachment.url),
        "DuocSoHoa": ONE_ZERO.write(attachment.digitised),
        "DuocTaiSuDung": codes.REUSE[attachment.reuse],
        "DuocLayTuKhoDMQG": ONE_ZERO.write(attachment.from_repository),
    }


def _fee(fee: Fee, fee_codes: FeeCodes) -> Wire:
    return {
        "TenPhiLePhi": fee.name,
        "MaPhiLePhi": fee.code,
        "HinhThucThu": fee_codes.after if fee.collection == "after" else fee_codes.before,
        "Gia": str(fee.amount_vnd),
        "LoaiPhiLePhi": fee_codes.fee if fee.kind == "fee" else fee_codes.charge,
    }


def _result(paper: ResultPaper) -> Wire:
    return {
        "TenGiayTo": paper.name,
        "MaThanhPhanHoSo": paper.component or "",
        "GiayToId": paper.id,
        "DuongDanTepTinKetQua": str(paper.url),
        "MaGiayToKetQua": paper.code or "",
    }


def summary(text: str) -> str:
    """Cut a summary to what the portal takes: 1000 characters, or 995 and three dots."""
    return text if len(text) <= _SUMMARY_CHARS_MAX else text[:_SUMMARY_CHARS_KEPT] + "..."
