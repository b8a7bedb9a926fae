"""How often platforms were called, as the ledger knows it: each try and each inquiry left an outcome."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from hub.store import tables
from hub.store.database import Database
from schemas.delivery import Step

_ROWS = 2000
_SLACK = timedelta(minutes=10)
"""Outcomes lie in the order in which calls ended, which is not quite that in which they began."""

_hop = tables.hop.c


class SqlCalls:
    """Counts backwards from the last outcome, so that it reads what happened on the day and no more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, partition: int, moment: datetime) -> Mapping[str, int]:
        """Return the calls that began since a moment for the dossiers of a partition, per platform."""
        calls: Counter[str] = Counter()
        below: int | None = None
        while page := await self._page(partition, below):
            calls.update(platform for _, platform, step, at in page if step != Step.NONE and at >= moment)
            below, _, _, oldest = page[-1]
            if len(page) < _ROWS or oldest < moment - _SLACK:
                break
        return calls

    async def _page(self, partition: int, below: int | None) -> list[tuple[int, str, str, datetime]]:
        return await self._database.read(lambda connection: _rows(connection, partition, below))


def _rows(connection: Connection, partition: int, below: int | None) -> list[tuple[int, str, str, datetime]]:
    newest = (
        select(_hop.offset, _hop.platform, _hop.step, _hop.started_at)
        .where(_hop.partition == partition)
        .order_by(_hop.offset.desc())
        .limit(_ROWS)
    )
    if below is not None:
        newest = newest.where(_hop.offset < below)
    return [(row.offset, row.platform, row.step, row.started_at) for row in connection.execute(newest)]
