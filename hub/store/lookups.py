"""How often systems have asked for citizens, as the audit knows it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from hub.access import Principal
from hub.store import tables
from hub.store.backwards import back_to
from hub.store.database import Database
from schemas.agency import AgencyCode
from schemas.audit import AuditEvent

_audit = tables.audit.c


class SqlLookups:
    """Counts each partition of the audit backwards from its end, so that it reads one day and no more."""

    def __init__(self, database: Database, partitions: int) -> None:
        self._database = database
        self._partitions = partitions

    async def since(self, moment: datetime) -> Mapping[Principal, int]:
        """Return how often each system asked since a moment."""
        wanted = select(_audit.offset, _audit.agency, _audit.system, _audit.event, _audit.at)
        asked: Counter[tuple[str, str]] = Counter()
        for partition in range(self._partitions):
            mine = wanted.where(_audit.partition == partition)
            async for row in back_to(self._database, mine, _audit.offset, moment):
                if row.event == AuditEvent.ASKED and row.at >= moment:
                    asked[row.agency, row.system] += 1
        return {Principal(AgencyCode.parse(agency), system): number for (agency, system), number in asked.items()}
