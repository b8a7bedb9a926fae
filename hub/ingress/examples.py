"""Examples for the OpenAPI document. The persons are invented; the numbers are those of the sandbox."""

from types import MappingProxyType
from typing import Any

Example = dict[str, Any]

_MESSAGE_ID = "019aa8f2-5d00-7000-8000-000000000001"
_RECEIVED = "2026-11-22T01:00:00Z"

SUBMISSION: Example = {
    "code": "H56.14-261122-0001",
    "revision": 1,
    "procedure": "1.001193",
    "status": "accepted",
    "channel": "online",
    "applicant": {
        "kind": "citizen",
        "name": "Nguyễn Văn A",
        "personal_number": "001000000001",
        "account_verified": True,
    },
    "summary": "Đăng ký khai sinh",
    "processing_unit": "Ủy ban nhân dân phường Hạc Thành",
    "received_at": "2026-11-22T07:55:00+07:00",
    "due_at": "2026-11-23T17:00:00+07:00",
    "result_delivery": "counter",
    "attachments": [
        {
            "id": "tk-01",
            "name": "Tờ khai đăng ký khai sinh.pdf",
            "url": "https://motcua.example/tep/tk-01",
            "digitised": True,
        }
    ],
    "progress": [
        {
            "officer": "Trần Thị B",
            "position": "Chuyên viên",
            "unit": "Bộ phận một cửa",
            "at": "2026-11-22T07:56:00+07:00",
            "content": "Tiếp nhận hồ sơ",
            "status": "accepted",
            "started_at": "2026-11-22T07:55:00+07:00",
        }
    ],
    "consulted_databases": ["population"],
}

QUERY: Example = {
    "personal_number": "001000000001",
    "full_name": "Nguyễn Văn A",
    "birth_date": "2000-01-31",
    "procedure": "1.001193",
    "dossier_code": "H56.14-261122-0001",
    "purpose": "birth-registration",
    "officer": "canbo.mc01",
}

ANSWER: Example = {
    "request_id": "019aa8f2-5d00-7000-8000-000000000002",
    "match": "one",
    "source": "population",
    "asked_at": "2026-11-22T01:00:00+00:00",
    "citizen": {
        "personal_number": "001000000001",
        "full_name": "NGUYỄN VĂN A",
        "gender": "male",
        "birth_date": "2000-01-31",
        "permanent_residence": {"province": "38", "commune": "14758", "detail": "Số 1, phố Ví Dụ"},
    },
}

RECEIPT: Example = {
    "message_id": _MESSAGE_ID,
    "dossier_code": "H56.14-261122-0001",
    "revision": 1,
    "accepted_at": _RECEIVED,
    "follow": f"/v1/messages/{_MESSAGE_ID}",
}

WITHDRAWAL: Example = {"revision": 2, "reason": "applicant_request"}

WITHDRAWAL_RECEIPT: Example = {
    **RECEIPT,
    "revision": 2,
    "remains_vi": "Lượt gửi đã bắt đầu vẫn chạy đến khi rõ kết quả; nội dung đã gửi thì không thu hồi được.",
    "remains_en": "Deliveries that have begun run until their result is clear; what was delivered is not undone.",
}

MESSAGE: Example = {
    "message_id": _MESSAGE_ID,
    "kind": "dossier",
    "revision": 1,
    "sender_agency": "H56.14",
    "sender_system": "motcua",
    "accepted_at": _RECEIVED,
    "deliveries": [
        {
            "operation": "national_portal.dossier_sync",
            "platform": "national_portal",
            "part": 0,
            "of": 1,
            "state": "delivered",
            "attempts": 1,
            "code": "0",
            "next_try_at": None,
            "possibly_doubled": False,
        }
    ],
    "hops": [{"at": _RECEIVED, "event": "accepted"}],
}

TIMELINE: Example = {"dossier_code": "H56.14-261122-0001", "messages": [MESSAGE]}

OVERVIEW: Example = {
    "accepted": 128,
    "platforms": [{"platform": "national_portal", "waiting": 3, "in_flight": 2, "parked": 0, "delivered": 123}],
}

EVENT: Example = {
    "specversion": "1.0",
    "id": "hub.outcomes/3/42/0",
    "source": "urn:lgsp:hub",
    "type": "vn.lgsp.dossier.delivered.v1",
    "subject": "H56.14-261122-0001",
    "time": _RECEIVED,
    "datacontenttype": "application/json",
    "dataschema": "urn:vn:lgsp:schema:dossier-event:1",
    "partitionkey": "H56.14-261122-0001",
    "agency": "H56.14",
    "seq": 2,
    "data": {
        "state": "delivered",
        "message_id": _MESSAGE_ID,
        "revision": 1,
        "sender_agency": "H56.14",
        "sender_system": "motcua",
        "platform": "national_portal",
        "operation": "national_portal.dossier_sync",
        "part": 0,
        "code": "0",
        "follow": "/v1/dossiers/H56.14-261122-0001/timeline",
    },
}

EVENT_BATCH: Example = {"events": [EVENT], "next": "0.3.0.17.0.0.4.0", "more": False}

_DELIVERY: Example = {"message_id": _MESSAGE_ID, "operation": "national_portal.dossier_sync", "part": 0}
_ORDER_ID = "5d4b1c0f9a7e4d2b8c6f1e3a5b7d9f01"

DEAD_LETTER: Example = {
    **_DELIVERY,
    "of": 1,
    "platform": "national_portal",
    "state": "dead",
    "dossier_code": "H56.14-261122-0001",
    "revision": 1,
    "agency": "H56.14",
    "system": "motcua",
    "accepted_at": _RECEIVED,
    "attempts": 1,
    "code": "-1",
    "possibly_doubled": False,
}

LETTERS: Example = {"letters": [DEAD_LETTER], "next": None}

LETTER_STORY: Example = {
    "letter": DEAD_LETTER,
    "partition": 3,
    "offset": 41,
    "reason": "Trường TenPhiLePhi: bắt buộc",
    "attempts": [{"at": _RECEIVED, "event": "tried", "attempt": 1, "state": "dead", "code": "-1"}],
    "body": SUBMISSION,
    "rulings": [],
}

ORDER_REQUEST: Example = {
    "action": "replay",
    "select": {"matching": {"platform": "national_portal", "code": "-1"}, "deliveries_max": 500},
    "reason": "Cổng từ chối tên đơn vị cũ; đã thống nhất tên mới với đơn vị",
    "officer": "vanhanh01",
    "correction": {"processing_unit": "Ủy ban nhân dân phường Hạc Thành"},
    "rate_per_s": 5.0,
}

ORDER: Example = {
    "id": _ORDER_ID,
    "action": "replay",
    "state": "running",
    "by": "H56/van-hanh",
    "officer": "vanhanh01",
    "approved_by": "H56/giam-sat",
    "approving_officer": "giamsat01",
    "proposed_at": _RECEIVED,
    "ended_at": None,
    "rate_per_s": 5.0,
    "reason": "Cổng từ chối tên đơn vị cũ; đã thống nhất tên mới với đơn vị",
    "fields": ["processing_unit"],
    "counts": {"selected": 120, "appended": 40, "delivered": 38, "waiting": 2},
    "refusals": [],
}

ORDERS: Example = {"orders": [ORDER], "next": None}

ORDER_DECISION: Example = {"officer": "giamsat01", "approve": True}

ORDER_STOP: Example = {"officer": "vanhanh01"}

RECONCILIATION_ORDER: Example = {"since": "2026-11-15", "dry_run": True, "calls_per_s": 2.0}

RECONCILIATION: Example = {
    "id": "nightly-2026-11-22-national_portal.dossier_sync",
    "operation": "national_portal.dossier_sync",
    "platform": "national_portal",
    "by": "hub/reconciliation",
    "agency": "",
    "dossier": None,
    "since": "2026-11-13T17:00:00Z",
    "until": "2026-11-21T19:15:00Z",
    "dry_run": False,
    "calls_per_s": 2.0,
    "calls_max": 30000,
    "resend_max": 100,
    "lacking_percent_max": 20,
    "state": "done",
    "reason": None,
    "requested_at": "2026-11-21T19:30:00Z",
    "finished_at": "2026-11-21T19:52:00Z",
    "calls": 2640,
    "compared": 2640,
    "alike": 2639,
    "in_progress": 12,
    "differences": [{"cause": "missing", "follows": "resent", "dossiers": 1}],
}

RECONCILIATION_REPORT: Example = {
    "run": RECONCILIATION,
    "differences": [
        {
            "dossier_code": "H56.14-261121-0001",
            "message_id": _MESSAGE_ID,
            "cause": "missing",
            "follows": "resent",
            "shown": None,
            "fields": [],
            "found_at": "2026-11-21T19:41:07Z",
        }
    ],
    "next": None,
}

RECONCILIATIONS: Example = {"runs": [RECONCILIATION]}

READINESS: Example = {"ready": False, "checks": {"log": "ok", "disk": "nearly full"}}

PROBLEM_KIND: Example = {
    "code": "caller.not_found",
    "status": 404,
    "origin": "caller",
    "vi": "Không tìm thấy.",
    "en": "Not found.",
}

EXAMPLES = MappingProxyType(
    {
        "DossierSubmission": SUBMISSION,
        "CitizenQuery": QUERY,
        "CitizenAnswer": ANSWER,
        "Receipt": RECEIPT,
        "Withdrawal": WITHDRAWAL,
        "WithdrawalReceipt": WITHDRAWAL_RECEIPT,
        "MessageLine": MESSAGE,
        "Timeline": TIMELINE,
        "Overview": OVERVIEW,
        "EventBatch": EVENT_BATCH,
        "DeadLetters": LETTERS,
        "LetterStory": LETTER_STORY,
        "OrderRequest": ORDER_REQUEST,
        "Order": ORDER,
        "Orders": ORDERS,
        "OrderDecision": ORDER_DECISION,
        "OrderStop": ORDER_STOP,
        "ReconciliationOrder": RECONCILIATION_ORDER,
        "Reconciliation": RECONCILIATION,
        "ReconciliationReport": RECONCILIATION_REPORT,
        "Reconciliations": RECONCILIATIONS,
        "Readiness": READINESS,
        "ProblemKind": PROBLEM_KIND,
    }
)
"""By the name of the model."""
