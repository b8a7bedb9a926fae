"""The audit."""

from typing import Protocol

from schemas.audit import AuditRecord


class Audit(Protocol):
    """The audit: a record is durable when `write` returns."""

    async def write(self, record: AuditRecord) -> None:
        """Append one record. Errors: Unavailable, WriteInDoubt; the caller then gives no data."""
