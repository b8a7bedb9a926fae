"""How often platforms were called, as the ledger knows it: each try and each inquiry left an outcome."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from hub.store import tables
from hub.store.backwards import back_to
from hub.store.database import Database
from schemas.delivery import Step

_hop = tables.hop.c


class SqlCalls:
    """Counts backwards from the last outcome, so that it reads what happened on the day and no more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, partition: int, moment: datetime) -> Mapping[str, int]:
        """Return the calls that began since a moment for the dossiers of a partition, per platform."""
        wanted = select(_hop.offset, _hop.platform, _hop.step, _hop.started_at.label("at"))
        calls: Counter[str] = Counter()
        async for row in back_to(self._database, wanted.where(_hop.partition == partition), _hop.offset, moment):
            if row.step != Step.NONE and row.at >= moment:
                calls[row.platform] += 1
        return calls
