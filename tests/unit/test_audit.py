"""The audit on the log."""

from datetime import UTC, datetime

import pytest

from hub.audit import LogAudit
from hub.errors import Unavailable
from schemas.audit import AuditEvent, AuditRecord
from tests.clock import ManualClock
from tests.fakes.logs import TroubledLog

RECORD = AuditRecord(
    event=AuditEvent.ASKED,
    request_id="019aa8f2-5d00-7000-8000-000000000001",
    at=datetime(2026, 11, 22, 1, 0, tzinfo=UTC),
    agency="H56.14",
    system="motcua",
    officer="canbo.mc01",
    service="citizen.lookup",
    purpose="birth-registration",
    procedure="1.001193",
    dossier_code="H56.14-261122-0001",
    subject="ab" * 32,
    source="population",
)


async def test_a_record_is_in_the_log_when_write_returns() -> None:
    """Under the id of its request, readable as what was written."""
    log = TroubledLog(ManualClock())

    await LogAudit(log).write(RECORD)

    (record,) = await log.records("hub.audit")
    assert RECORD.request_id.encode() == record.key
    assert RECORD == AuditRecord.model_validate_json(record.value)


async def test_a_failed_append_is_told() -> None:
    """The caller then gives no data."""
    log = TroubledLog(ManualClock())
    log.before.append(Unavailable("disk"))

    with pytest.raises(Unavailable):
        await LogAudit(log).write(RECORD)

    assert [] == await log.records("hub.audit")
