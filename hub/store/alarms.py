"""The alarms that stand, one row each: whoever inserts a row has raised it, whoever removes it has ended it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import conflict_insert

_alarm = tables.alarm.c


class SqlAlarms:
    """The `StandingAlarms` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def standing(self, kind: str) -> Collection[str]:
        """See `StandingAlarms.standing`."""
        return await self._database.read(lambda connection: standing(connection, kind))

    async def begin(self, kind: str, platform: str, since: datetime) -> bool:
        """See `StandingAlarms.begin`."""
        return await self._database.write(lambda connection: begin(connection, kind, platform, since))

    async def end(self, kind: str, platform: str) -> bool:
        """See `StandingAlarms.end`."""
        return await self._database.write(lambda connection: end(connection, kind, platform))


def standing(connection: Connection, kind: str) -> Collection[str]:
    """Return the platforms of the alarms of a kind."""
    return frozenset(connection.scalars(select(_alarm.platform).where(_alarm.kind == kind)))


def begin(connection: Connection, kind: str, platform: str, since: datetime) -> bool:
    """Insert a row. Whether it was not there."""
    row = conflict_insert(connection, tables.alarm).values(kind=kind, platform=platform, since=since)
    inserted = row.on_conflict_do_nothing().returning(_alarm.platform)
    return connection.execute(inserted).one_or_none() is not None


def end(connection: Connection, kind: str, platform: str) -> bool:
    """Remove a row. Whether it was there."""
    named = delete(tables.alarm).where(_alarm.kind == kind, _alarm.platform == platform)
    return connection.execute(named.returning(_alarm.platform)).one_or_none() is not None
