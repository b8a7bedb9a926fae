"""Audit records: who asked for whose data, for what, and whether it was given. The person is a keyed digest."""

from datetime import datetime
from enum import StrEnum

from schemas.model import Model


class AuditEvent(StrEnum):
    """The two halves of a lookup, and its refusal at the door."""

    ASKED = "asked"
    ANSWERED = "answered"
    REFUSED = "refused"


class AuditRecord(Model):
    """One durable line of the audit. Source: ND 278/2025 Art. 13, Luat 91/2025/QH15."""

    event: AuditEvent
    request_id: str
    at: datetime
    agency: str
    system: str
    officer: str
    service: str
    purpose: str
    procedure: str
    dossier_code: str
    subject: str
    source: str
    result: str = ""
    duration_ms: int = 0
