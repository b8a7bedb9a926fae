"""The audit on the log: one record per event, durable when its append returns."""

from hub.ports import Log
from schemas.audit import AuditRecord
from schemas.topics import AUDIT


class LogAudit:
    """The `Audit` port. Records of one request share a partition, so that they are read in their order."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def write(self, record: AuditRecord) -> None:
        """Append one record. Errors: Unavailable, WriteInDoubt."""
        await self._log.append(AUDIT, record.request_id.encode(), record.model_dump_json().encode())
