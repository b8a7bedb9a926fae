"""What is sent: dossiers with five states each, invented by seed, and what the portal should hold in the end.

The wire values are worked out here, by hand, and not by the code under test.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from random import Random
from typing import Any

import orjson

STATES = 5
ROWS_PER_CALL_MAX = 10
_VIETNAM = timezone(timedelta(hours=7))
_RECEIVED = datetime(2026, 9, 1, 7, 30, tzinfo=_VIETNAM)
_STATUS_CODES = {
    "registered": "1",
    "accepted": "2",
    "processing": "4",
    "supplement_requested": "5",
    "payment_requested": "6",
    "finished": "9",
    "returned": "10",
}
_EVENT_CODES = {"registered": "1", "accepted": "1", "processing": "2", "finished": "3", "returned": "3"}
"""Status of EMC; every other is 0."""
_FEES = (("none", "0"), ("online", "1"), ("other", "2"))
"""How fees were paid, here and as FormsPayments of EMC."""
_POSTED_FROM = 4
"""The revision from which the result goes by post (IsDVCBC of EMC): with the fees it tells five states apart."""
_PATHS = (
    ("registered", "accepted", "processing", "finished", "returned"),
    ("accepted", "processing", "processing", "finished", "returned"),
    ("accepted", "supplement_requested", "processing", "finished", "returned"),
    ("registered", "accepted", "payment_requested", "processing", "finished"),
    ("accepted", "processing", "supplement_requested", "processing", "finished"),
)
_PROCEDURES = {
    "1.001193": "Đăng ký khai sinh cho con mới sinh",
    "1.000656": "Đăng ký khai tử cho thân nhân",
    "2.000635": "Cấp bản sao Trích lục hộ tịch để bổ sung hồ sơ xin việc",
    "2.000488": "Cấp Phiếu lý lịch tư pháp số 1 phục vụ tuyển dụng",
    "2.000908": "Cấp bản sao Giấy khai sinh từ sổ gốc",
}
_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Huỳnh", "Vũ", "Đặng", "Bùi", "Đỗ", "Lò", "Hà")
_MIDDLES = ("Văn", "Thị", "Đức", "Ngọc", "Thị Bích", "Xuân", "Quốc", "Hữu")
_GIVEN = (
    "An",
    "Bình",
    "Cường",
    "Dũng",
    "Đào",
    "Hạnh",
    "Hường",
    "Khánh",
    "Lương",
    "Mỹ",
    "Nghĩa",
    "Phước",
    "Thủy",
    "Ước",
)
_UNITS = ("UBND phường Hạc Thành", "UBND phường Hàm Rồng", "Sở Tư pháp tỉnh Thanh Hóa", "UBND phường Đông Quang")
_WORK = (
    "Tiếp nhận hồ sơ",
    "Kiểm tra thành phần hồ sơ",
    "Xác minh thông tin với Công an xã",
    "Thẩm định hồ sơ",
    "Trình lãnh đạo ký duyệt",
    "Đóng dấu, vào sổ hộ tịch",
    "Chuyển Bộ phận Một cửa trả kết quả",
)
_NOTES = ("hồ sơ đầy đủ, hợp lệ", "đề nghị bổ sung Giấy chứng sinh", "đang chờ kết quả xác minh", "đã ký duyệt")
_ROWS = ((0, 35), (3, 40), (9, 15), (12, 10))
"""Rows of progress of a state: (at most, weight)."""

Mark = tuple[str, ...]
"""The wire values by which an effect is told from every other of its dossier."""

STATE_FIELDS = ("TrangThaiHoSo", "GhiChu")
EVENT_FIELDS = ("Status", "FormsPayments", "IsDVCBC")
PROGRESS_FIELDS = ("ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")


@dataclass(frozen=True, slots=True)
class State:
    """One state of a dossier: the request that says it, and what it should come to at the portal.

    `parts` are the calls in which its progress travels, each with the marks of its rows. `event` is the mark at EMC.
    """

    revision: int
    key: str
    body: bytes
    mark: Mark
    parts: tuple[tuple[Mark, ...], ...]
    event: Mark


@dataclass(frozen=True, slots=True)
class Dossier:
    """A dossier with its states. `wire_code` is how it was spelled first; `code` is the canonical spelling."""

    code: str
    wire_code: str
    states: tuple[State, ...]


def dossier(seed: int, number: int) -> Dossier:
    """Return the dossier of that number; the same for ever."""
    chance = Random(f"{seed}:{number}")
    code, other = f"H56.14-260901-{number:05d}", f"000.00.14.H56-260901-{number:05d}"
    spellings = chance.choices((code, other), (4, 1), k=STATES)
    applicant = {
        "kind": "citizen",
        "name": f"{chance.choice(_FAMILIES)} {chance.choice(_MIDDLES)} {chance.choice(_GIVEN)}",
        "personal_number": f"038{chance.randrange(10**9):09d}",
        "phone": f"09{chance.randrange(10**8):08d}",
    }
    procedure, summary = chance.choice(list(_PROCEDURES.items()))
    common = {
        "procedure": procedure,
        "channel": chance.choice(("online", "counter")),
        "applicant": applicant,
        "summary": f"{summary} ({applicant['name']})",
        "processing_unit": chance.choice(_UNITS),
        "received_at": _RECEIVED.isoformat(),
        "due_at": (_RECEIVED + timedelta(days=chance.randint(1, 20))).isoformat(),
        "attachments": [_attachment(chance, at) for at in range(chance.randint(0, 3))],
    }
    path = chance.choice(_PATHS)
    states = tuple(
        _state(chance, {**common, "code": spelling}, revision, status)
        for revision, (status, spelling) in enumerate(zip(path, spellings, strict=True), 1)
    )
    return Dossier(code, spellings[0], states)


def _state(chance: Random, common: dict[str, Any], revision: int, status: str) -> State:
    note = f"Lần {revision}: {chance.choice(_NOTES)}"
    rows = _rows(chance, revision, status)
    fee, fee_code = _FEES[(revision - 1) % len(_FEES)]
    posted = revision >= _POSTED_FROM
    body = {
        **common,
        "revision": revision,
        "status": status,
        "note": note,
        "fee_payment": fee,
        "result_delivery": "post" if posted else "counter",
        "progress": rows,
    }
    marks: list[Mark] = [(_stamp(row["at"]), row["content"], _STATUS_CODES[row["status"]]) for row in rows]
    return State(
        revision=revision,
        key=f"{common['code'][-5:]}-{revision}-{chance.randrange(16**8):08x}",
        body=orjson.dumps(body),
        mark=(_STATUS_CODES[status], note),
        parts=_parts(marks),
        event=(_EVENT_CODES.get(status, "0"), fee_code, str(int(posted))),
    )


def _rows(chance: Random, revision: int, status: str) -> list[dict[str, str]]:
    at_most = chance.choices([most for most, _ in _ROWS], [weight for _, weight in _ROWS])[0]
    start = _RECEIVED + timedelta(days=revision)
    return [
        {
            "officer": f"{chance.choice(_FAMILIES)} {chance.choice(_MIDDLES)} {chance.choice(_GIVEN)}",
            "position": "Công chức tư pháp - hộ tịch",
            "unit": chance.choice(_UNITS),
            "at": (start + timedelta(minutes=7 * place)).isoformat(),
            "content": f"Bước {revision}.{place + 1}: {chance.choice(_WORK)}",
            "status": status,
            "started_at": start.isoformat(),
        }
        for place in range(chance.randint(at_most * 3 // 4, at_most))
    ]


def _attachment(chance: Random, at: int) -> dict[str, Any]:
    return {
        "id": f"tep-{at}-{chance.randrange(10**6)}",
        "name": f"Tờ khai và giấy tờ kèm theo {at + 1}.pdf",
        "url": f"https://kho.thanhhoa.example/tep/{chance.randrange(10**9)}",
        "digitised": chance.random() < 0.5,
    }


def _stamp(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%Y%m%d%H%M%S")


def _parts(marks: list[Mark]) -> tuple[tuple[Mark, ...], ...]:
    """Cut evenly into calls of at most ten rows."""
    count = -(-len(marks) // ROWS_PER_CALL_MAX)
    edges = [len(marks) * part // count for part in range(count + 1)] if count else [0]
    return tuple(tuple(marks[first:last]) for first, last in pairwise(edges))
