"""An audit in memory that fails on demand."""

from hub.errors import HubError
from schemas.audit import AuditEvent, AuditRecord


class MemoryAudit:
    """The `Audit` port in memory. Events in `failing` are not written; their error is raised."""

    def __init__(self) -> None:
        self.records: list[AuditRecord] = []
        self.failing: dict[AuditEvent, HubError] = {}

    async def write(self, record: AuditRecord) -> None:
        """As the port."""
        if record.event in self.failing:
            raise self.failing[record.event]
        self.records.append(record)

    @property
    def events(self) -> list[str]:
        """Return what was written, in its order."""
        return [str(record.event) for record in self.records]
