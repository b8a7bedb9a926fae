"""The store's name and its pulse: a number that rises, and that the log hears of."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy import Connection, select, update

from hub.store.database import Database
from hub.store.dialect import Turn, take_turns
from hub.store.tables import kinship


@dataclass(frozen=True, slots=True)
class Pulse:
    """One beat of one store."""

    store_id: str
    number: int


class SqlKinship:
    """Keeps the pulse. Errors of all verbs: those of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self) -> Pulse:
        """Return the last beat; a store without a name gets one."""
        found = await self._database.read(_last)
        return found if found is not None else await self._database.write(_named)

    async def beat(self, at_least: int = 0) -> Pulse:
        """Beat once, durably, with a number above the last one and above `at_least`."""
        return await self._database.write(lambda connection: _beat(connection, at_least))


def _last(connection: Connection) -> Pulse | None:
    row = connection.execute(select(kinship)).first()
    return Pulse(row.store_id, row.pulse) if row else None


def _named(connection: Connection) -> Pulse:
    take_turns(connection, Turn.KINSHIP)  # two processes would give the store two names
    named = Pulse(uuid4().hex, 0)
    found = _last(connection)
    if found:
        return found
    connection.execute(kinship.insert().values(store_id=named.store_id, pulse=named.number))
    return named


def _beat(connection: Connection, at_least: int) -> Pulse:
    locked = select(kinship).with_for_update()
    last = connection.execute(locked).first()
    if last is None:
        _named(connection)
        last = connection.execute(locked).one()
    beaten = Pulse(last.store_id, max(last.pulse, at_least) + 1)
    connection.execute(update(kinship).where(kinship.c.store_id == last.store_id).values(pulse=beaten.number))
    return beaten
