"""Invented dossiers with real procedures and real administrative units of 2026: two levels, no district."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from schemas.codes.units import Unit, load_units

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
PROVINCE = "38"  # Thanh Hóa

_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô")
_MIDDLES = ("Thị", "Văn", "Đức", "Ngọc", "Minh", "Thanh", "Quốc", "Hữu", "Thùy", "Xuân", "Bảo", "Gia")
_GIVEN = ("An", "Bình", "Chi", "Dũng", "Đạt", "Giang", "Hạnh", "Khánh", "Linh", "Mỹ", "Nghĩa", "Phượng", "Quỳnh", "Tuệ")
_STEPS = {
    "accepted": "Tiếp nhận hồ sơ, kiểm tra thành phần hồ sơ",
    "processing": "Thẩm định hồ sơ",
    "finished": "Ký duyệt kết quả",
    "returned": "Trả kết quả cho công dân",
}
_PROCEDURES = (
    ("1.001193", "Đăng ký khai sinh cho con", (("giay-chung-sinh.pdf", "KQ.G18.000001"),), ()),
    ("1.000656", "Đăng ký khai tử", (("giay-bao-tu.pdf", "KQ.G18.000002"),), ()),
    ("2.000635", "Cấp bản sao Trích lục hộ tịch", (), (("PHI-SAO", "Phí cấp bản sao trích lục hộ tịch", 8000),)),
    ("2.000488", "Cấp Phiếu lý lịch tư pháp số 1", (("to-khai.pdf", "KQ.G15.000101"),),
     (("PHI-LLTP", "Phí cung cấp thông tin lý lịch tư pháp", 200000),)),
    ("2.000908", "Cấp bản sao từ sổ gốc", (), (("PHI-SG", "Phí cấp bản sao từ sổ gốc", 8000),)),
)  # fmt: skip

STATES = ("accepted", "processing", "finished", "returned")
"""The states that a dossier of the demonstration passes through, as revisions 1, 2, 3 and 4."""


class Content:
    """Makes dossiers; the same seed makes the same ones. Their numbers follow `number_base`."""

    def __init__(self, seed: int, now: datetime, agency: str = "H56.14", *, number_base: int = 0) -> None:
        self._random = random.Random(seed)
        self._start = now.astimezone(VIETNAM).replace(microsecond=0) - timedelta(hours=2)
        self._agency = agency
        self._number_base = number_base
        self._communes: Sequence[Unit] = load_units().communes(PROVINCE, self._start.date())

    def code(self, number: int) -> str:
        """Return the dossier code of that number of the day."""
        return f"{self._agency}-{self._start:%y%m%d}-{self._number_base + number:04d}"

    def dossier(self, number: int) -> dict[str, Any]:
        """Return the first state of a dossier."""
        procedure, summary, files, fees = self._random.choice(_PROCEDURES)
        commune = self._random.choice(self._communes)
        unit = f"Ủy ban nhân dân {commune.name}"
        return {
            "code": self.code(number),
            "revision": 1,
            "procedure": procedure,
            "status": "accepted",
            "channel": self._random.choice(("online", "online", "counter", "postal")),
            "applicant": self._applicant(),
            "summary": f"{summary} tại {commune.name}",
            "processing_unit": unit,
            "received_at": self._start.isoformat(),
            "due_at": (self._start + timedelta(days=2)).isoformat(),
            "fee_payment": "online" if fees else "none",
            "attachments": [self._attachment(name, component) for name, component in files],
            "fees": [
                {"code": code, "name": name, "kind": "charge", "amount_vnd": amount} for code, name, amount in fees
            ],
            "progress": [self._step("accepted", unit, 0)],
        }

    def later(self, dossier: dict[str, Any], revision: int) -> dict[str, Any]:
        """Return a later state of a dossier; revisions 2 to 4 follow `STATES`."""
        status = STATES[revision - 1]
        at = self._start + timedelta(minutes=10 * revision)
        times = {"finished": {"finished_at": at}, "returned": {"finished_at": at, "returned_at": at}}.get(status, {})
        step = self._step(status, dossier["processing_unit"], revision)
        moments = {name: moment.isoformat() for name, moment in times.items()}
        return {**dossier, **moments, "revision": revision, "status": status, "progress": [step]}

    def person(self) -> str:
        """Return an invented name."""
        return " ".join(self._random.choice(names) for names in (_FAMILIES, _MIDDLES, _GIVEN))

    def _applicant(self) -> dict[str, Any]:
        # Province 000 does not exist, so no such number was ever given to anybody.
        number = f"000{self._random.randrange(4)}{self._random.randrange(100):02d}{self._random.randrange(10**6):06d}"
        return {"kind": "citizen", "name": self.person(), "personal_number": number, "account_verified": True}

    def _attachment(self, name: str, component: str) -> dict[str, Any]:
        mark = f"{self._random.randrange(16**12):012x}"
        url = f"https://kho.example.vn/tep/{mark}"
        return {"id": mark, "name": name, "url": url, "component": component, "digitised": True}

    def _step(self, status: str, unit: str, order: int) -> dict[str, Any]:
        at = self._start + timedelta(minutes=10 * order)
        return {
            "officer": self.person(),
            "position": "Công chức tư pháp - hộ tịch",
            "unit": unit,
            "at": at.isoformat(),
            "content": _STEPS[status],
            "status": status,
            "started_at": at.isoformat(),
        }
