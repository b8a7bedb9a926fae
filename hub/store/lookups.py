"""How often systems have asked for citizens, as the audit knows it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from hub.access import Principal
from hub.store import tables
from hub.store.database import Database
from schemas.agency import AgencyCode
from schemas.audit import AuditEvent

_ROWS = 2000
_SLACK = timedelta(minutes=10)
_audit = tables.audit.c


class SqlLookups:
    """Counts each partition of the audit backwards from its end, so that it reads one day and no more."""

    def __init__(self, database: Database, partitions: int) -> None:
        self._database = database
        self._partitions = partitions

    async def since(self, moment: datetime) -> Mapping[Principal, int]:
        """Return how often each system asked since a moment."""
        asked: Counter[tuple[str, str]] = Counter()
        for partition in range(self._partitions):
            asked.update(await self._of(partition, moment))
        return {Principal(AgencyCode.parse(agency), system): number for (agency, system), number in asked.items()}

    async def _of(self, partition: int, moment: datetime) -> Counter[tuple[str, str]]:
        asked: Counter[tuple[str, str]] = Counter()
        below: int | None = None
        while page := await self._page(partition, below):
            asked.update((row[1], row[2]) for row in page if row[3] == AuditEvent.ASKED and row[4] >= moment)
            below, oldest = page[-1][0], page[-1][4]
            if len(page) < _ROWS or oldest < moment - _SLACK:
                break
        return asked

    async def _page(self, partition: int, below: int | None) -> list[tuple[int, str, str, str, datetime]]:
        return await self._database.read(lambda connection: _rows(connection, partition, below))


def _rows(connection: Connection, partition: int, below: int | None) -> list[tuple[int, str, str, str, datetime]]:
    newest = (
        select(_audit.offset, _audit.agency, _audit.system, _audit.event, _audit.at)
        .where(_audit.partition == partition)
        .order_by(_audit.offset.desc())
        .limit(_ROWS)
    )
    if below is not None:
        newest = newest.where(_audit.offset < below)
    return [(row.offset, row.agency, row.system, row.event, row.at) for row in connection.execute(newest)]
