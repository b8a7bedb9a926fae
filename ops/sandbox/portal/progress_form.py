"""One row of `CapNhatTienDoHoSoMC`.

Known: names, and that NguoiXuLy has at most 50 characters. Assumed: what is mandatory.
"""

from ops.sandbox.portal.dossier_form import CODE, STATUS
from ops.sandbox.portal.form import Form
from ops.sandbox.portal.rule import stamp, text

PROGRESS = Form(
    fields={
        "MaHoSo": CODE,
        "NguoiXuLy": text(50),
        "ChucDanh": text(1000),
        "ThoiDiemXuLy": stamp,
        "PhongBanXuLy": text(1000),
        "NoiDungXuLy": text(),
        "TrangThai": STATUS,
        "NgayBatDau": stamp,
        "NgayKetThucTheoQuyDinh": stamp,
    },
    required=("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai"),
)
