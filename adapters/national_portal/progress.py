"""The work on a dossier in the portal's words: the rows of `CapNhatTienDoHoSoMC`, in parts of ten. Pure."""

from adapters.national_portal import codes
from adapters.wire.times import stamp
from hub.ports import Job
from schemas.dossier import ProgressStep

Row = dict[str, str]

ROWS_MAX = 10
"""Rows that one request may carry, as senders in production do it."""


def parts(rows: int) -> int:
    """Return into how many requests that many rows fall."""
    return -(-rows // ROWS_MAX)


def rows_of(job: Job) -> list[Row]:
    """Return the rows of one part, in the order in which the steps happened."""
    steps = job.submission.progress
    first, last = len(steps) * job.part // job.of, len(steps) * (job.part + 1) // job.of
    return [_row(job.submission.code, step) for step in steps[first:last]]


def _row(dossier_code: str, step: ProgressStep) -> Row:
    return {
        "MaHoSo": dossier_code,
        "NguoiXuLy": step.officer,
        "ChucDanh": step.position,
        "ThoiDiemXuLy": stamp(step.at),
        "PhongBanXuLy": step.unit,
        "NoiDungXuLy": step.content,
        "TrangThai": codes.STATUS[step.status],
        "NgayBatDau": stamp(step.started_at),
        "NgayKetThucTheoQuyDinh": stamp(step.due_at),
    }
