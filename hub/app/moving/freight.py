"""Tables on their way: rows go in the order of their keys, so that the highest at the target says where to go on."""

from collections.abc import Callable

from sqlalchemy import MetaData, Table

from hub.app.moving.proof import Line, RowSum, Sum
from hub.errors import HubFault
from hub.store.database import Database
from hub.store.postgres.bulk import PostgresTables, Values, chunk, key_of

_TRIES = 2


class Freight:
    """Copies the tables of one schema from SQLite to PostgreSQL. Nobody else writes on either side meanwhile.

    `copied` is called with the number of rows that were added. Errors: as the two databases.
    """

    def __init__(
        self, source: Database, target: PostgresTables, schema: MetaData, copied: Callable[[int], None]
    ) -> None:
        self._source = source
        self._target = target
        self._schema = schema
        self._copied = copied

    async def carry(self) -> list[Line]:
        """Copy what is missing, compare both sides, and return the comparison; every line is equal.

        A table that differs, because the source went on after an earlier try, is copied anew, once. HubFault when it
        differs still.
        """
        return [await self._carry(table) for table in self._schema.sorted_tables]

    async def _carry(self, table: Table) -> Line:
        for remaining in reversed(range(_TRIES)):
            await self._copy(table)
            line = await self._prove(table)
            if line.equal:
                await self._target.analyse(table)
                return line
            if remaining:
                await self._target.empty(table)
        raise HubFault(f"the table {table.name} differs at the target, although it was copied anew")

    async def _copy(self, table: Table) -> None:
        behind = await self._target.last_key(table)
        while rows := await self._chunk(table, behind):
            await self._target.add(table, rows)
            self._copied(len(rows))
            behind = key_of(table, rows[-1])

    async def _prove(self, table: Table) -> Line:
        return Line(table.name, await self._ours(table), await self._theirs(table))

    async def _ours(self, table: Table) -> Sum:
        rows, behind = RowSum(), None
        while found := await self._chunk(table, behind):
            rows.add(found)
            behind = key_of(table, found[-1])
        return rows.sum

    async def _theirs(self, table: Table) -> Sum:
        rows = RowSum()
        async for found in self._target.rows(table):
            rows.add(found)
        return rows.sum

    async def _chunk(self, table: Table, behind: Values | None) -> list[Values]:
        return await self._source.read(lambda connection: chunk(connection, table, behind))
