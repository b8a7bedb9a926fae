"""What is owed and lies nowhere: found by comparing the ledger with the parking place."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, TextClause, and_, exists, func, or_, select, tuple_

from hub.ports import DeliveryId, ParkedRow, Unparked
from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import conflict_insert
from hub.store.parking import columns_of
from schemas.delivery import DeliveryState

_delivery, _message, _parked = tables.delivery.c, tables.message.c, tables.parked.c
_lines = tables.delivery.outerjoin(tables.message, _delivery.message_id == _message.message_id)
_partition = func.coalesce(_message.partition, _delivery.source_partition)
_offset = func.coalesce(_message.offset, _delivery.source_offset).label("offset")
"""Of a message that the log has let go, and a ruling has sent again, only the ruling's record is there."""

_ID = tuple_(_delivery.message_id, _delivery.operation, _delivery.part)
_SAME = and_(
    _parked.message_id == _delivery.message_id,
    _parked.operation == _delivery.operation,
    _parked.part == _delivery.part,
)
_ruling = tables.parked.alias("ruling").c
_undecided = exists().where(
    _ruling.partition == _parked.partition,
    _ruling.ordering_key == _parked.ordering_key,
    _ruling.platform == _parked.platform,
    _ruling.operation.startswith("hub.ruling."),
    ~_ruling.settled,
)
_known = exists().where(_SAME)
_known_open = exists().where(_SAME, or_(_parked.settled, _parked.state != DeliveryState.DEAD.value, _undecided))
"""Of what is open: a row that is dead is an old one, from before a ruling; unless that ruling is just being obeyed."""


class SqlOwed:
    """The `Owed` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unparked(
        self, partition: int, committed: int, after: DeliveryId | None, rows_max: int
    ) -> Sequence[Unparked]:
        """See `Owed.unparked`."""
        return await self._database.read(lambda it: unparked(it, partition, committed, after, rows_max))

    async def park(self, rows: Sequence[ParkedRow]) -> None:
        """See `Owed.park`."""
        await self._database.write(lambda connection: park(connection, rows))


def unparked(
    connection: Connection, partition: int, committed: int, after: DeliveryId | None, rows_max: int
) -> Sequence[Unparked]:
    """Return the next deliveries that are owed and unknown to the parking place."""
    found = [
        row
        for states, known in ((tables.OPEN, _known_open), (tables.DEAD, _known))
        for row in _rows(connection, states, known, partition, committed, after, rows_max)
    ]
    found.sort(key=lambda row: (row.message_id, row.operation, row.part))
    return [
        Unparked(
            DeliveryId(row.message_id, row.operation, row.part),
            row.offset,
            row.place,
            DeliveryState(row.state),
            row.attempts,
        )
        for row in found[:rows_max]
    ]


def park(connection: Connection, rows: Sequence[ParkedRow]) -> None:
    """Insert rows that are not there, or are there as dead; what is dead and missing is not there at all."""
    if rows:
        insert = conflict_insert(connection, tables.parked)
        fresh = {column.name: insert.excluded[column.name] for column in _parked if not column.primary_key}
        old = and_(_parked.state == DeliveryState.DEAD.value, ~_parked.settled)
        keys = list(tables.parked.primary_key.columns)
        insert = insert.on_conflict_do_update(index_elements=keys, set_=fresh, where=old)
        connection.execute(insert, [columns_of(row) for row in rows])


def _rows(  # one index answers for each group of states
    connection: Connection,
    states: TextClause,
    known: ColumnElement[bool],
    partition: int,
    committed: int,
    after: DeliveryId | None,
    rows_max: int,
) -> Sequence[Any]:
    wanted = (
        select(
            _delivery.message_id,
            _delivery.operation,
            _delivery.part,
            _delivery.place,
            _delivery.state,
            _delivery.attempts,
            _offset,
        )
        .select_from(_lines)
        .where(states, _partition == partition, _offset < committed, ~known)
        .order_by(_delivery.message_id, _delivery.operation, _delivery.part)
        .limit(rows_max)
    )
    if after is not None:
        wanted = wanted.where(tuple_(after.message_id, after.operation, after.part) < _ID)
    return connection.execute(wanted).all()
