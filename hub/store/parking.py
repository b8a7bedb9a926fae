"""The parking place: deliveries that wait for their next try, fenced by the epoch of their partition's owner."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    exists,
    false,
    or_,
    select,
    true,
    update,
)

from hub.errors import StaleOwner
from hub.ports import DeliveryId, Farewell, LaneKey, ParkedRow, PartitionMemory
from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import among, conflict_insert, upsert
from hub.store.gathering import Gathering
from schemas.delivery import DeliveryState

_row = tables.parked.c
_line = tables.delivery.c
_owner = tables.partition_owner

_DEAD = DeliveryState.DEAD.value
_FINISHED = tuple(state.value for state in DeliveryState if state.final and state is not DeliveryState.DEAD)
"""Final, and no longer in the way of its lane."""

_SAME_DELIVERY = and_(_row.message_id == _line.message_id, _row.operation == _line.operation, _row.part == _line.part)
_LANES_AT_A_TIME = 32
_LANE_ORDER = (_row.partition, _row.offset, _row.place)

# Made once: of what a drain costs, making this anew for every lane was a quarter.
_FIRST_OF_LANE = (
    select(tables.parked)
    .where(
        _row.partition == bindparam("its_partition"),
        _row.ordering_key == bindparam("its_key"),
        _row.platform == bindparam("its_platform"),
        _row.settled == false(),
    )
    .order_by(*_LANE_ORDER)
    .limit(bindparam("rows_max"))
)


_LEAVE = (
    update(_owner)
    .values(
        left_epoch=bindparam("its_epoch"),
        left_committed=bindparam("its_committed"),
        left_outcomes=bindparam("its_outcomes"),
    )
    .where(
        _owner.c.partition == bindparam("its_partition"),
        _owner.c.epoch == bindparam("its_epoch"),
        _owner.c.token == bindparam("its_token"),
    )
)


class SqlParking:
    """The `Parking` port. Lanes whose rows are asked for at a time share a transaction that reads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes = Gathering(database, fetch_lanes, items_max=_LANES_AT_A_TIME, reads=True)

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """See `Parking.take_over`.

        What is remembered is read outside the transaction that raises the epoch: from there on nobody else writes, and
        thousands of rows do not keep other writers waiting.
        """
        taking = await self._database.write(lambda connection: take_over(connection, partition))
        return await self._database.read(lambda connection: memory(connection, partition, taking, committed))

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """See `Parking.leave`."""
        await self._database.write(lambda connection: leave(connection, farewells))

    async def forget_farewells(self) -> None:
        """Forget every farewell: the store may be a copy from before what has been called since."""
        await self._database.write(lambda connection: connection.execute(update(_owner).values(left_epoch=None)))

    async def put(self, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
        """See `Parking.put`."""
        await self._database.write(lambda connection: put(connection, partition, epoch, rows))

    async def fetch(self, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
        """See `Parking.fetch`."""
        return await self._lanes.ask((partition, lane, rows_max))

    async def find(self, partition: int, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
        """See `Parking.find`."""
        return await self._database.read(lambda connection: find(connection, partition, ids))

    async def settle(self, partition: int, epoch: int, ids: Sequence[DeliveryId]) -> None:
        """See `Parking.settle`. An id without a row is passed over."""
        await self._database.write(lambda connection: settle(connection, partition, epoch, ids))

    async def sweep(self, partition: int, epoch: int, committed: int) -> None:
        """See `Parking.sweep`."""
        await self._database.write(lambda connection: sweep(connection, partition, epoch, committed))


@dataclass(frozen=True, slots=True)
class Taking:
    """One taking over of a partition, and what its owner before said."""

    epoch: int
    token: str
    farewell: Farewell | None


def take_over(connection: Connection, partition: int) -> Taking:
    """Raise the epoch. Rows of what the ledger knows as finished become tombstones, of what died dead."""
    taking = _take(connection, partition)
    finished = exists().where(_SAME_DELIVERY, _line.state.in_(_FINISHED))
    connection.execute(_bury().where(_row.partition == partition, _row.settled == false(), finished))
    died = exists().where(_SAME_DELIVERY, _line.state == _DEAD)
    undead = and_(_row.partition == partition, _row.settled == false(), _row.state != _DEAD)
    connection.execute(update(tables.parked).values(state=_DEAD).where(undead, died))
    return taking


def leave(connection: Connection, farewells: Sequence[Farewell]) -> None:
    """Keep the farewells of those who are still the owners."""
    if farewells:
        values = [
            {
                "its_partition": each.partition,
                "its_epoch": each.epoch,
                "its_token": each.token,
                "its_committed": each.committed,
                "its_outcomes": each.outcomes,
            }
            for each in farewells
        ]
        connection.execute(_LEAVE, values)


def memory(connection: Connection, partition: int, taking: Taking, committed: int) -> PartitionMemory:
    """Return what is remembered of a partition."""
    return PartitionMemory(
        epoch=taking.epoch,
        token=taking.token,
        farewell=taking.farewell,
        settled=_settled(connection, partition, committed),
        rows=tuple(_outlines(connection, partition)),
        dead=_dead(connection, partition, committed),
    )


def put(connection: Connection, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
    """Insert or overwrite rows."""
    _fence(connection, partition, epoch)
    if rows:
        connection.execute(upsert(connection, tables.parked), [columns_of(row) for row in rows])


def fetch_lanes(connection: Connection, asked: Sequence[tuple[int, LaneKey, int]]) -> Sequence[Sequence[ParkedRow]]:
    """Return the first rows of each lane, as `fetch` does."""
    return [fetch(connection, partition, lane, rows_max) for partition, lane, rows_max in asked]


def fetch(connection: Connection, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
    """Return the first rows of a lane, envelopes included."""
    place = {
        "its_partition": partition,
        "its_key": lane.ordering_key,
        "its_platform": lane.platform,
        "rows_max": rows_max,
    }
    return [_parked(row, row.envelope) for row in connection.execute(_FIRST_OF_LANE, place)]


def find(connection: Connection, partition: int, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
    """Return some rows, envelopes included."""
    message_ids = {each.message_id for each in ids}
    named = select(tables.parked).where(
        among(connection, _row.message_id, message_ids), _row.partition == partition, _row.settled == false()
    )
    wanted = frozenset(ids)
    rows = (_parked(row, row.envelope) for row in connection.execute(named.order_by(*_LANE_ORDER)))
    return [row for row in rows if row.id in wanted]


def settle(connection: Connection, partition: int, epoch: int, ids: Sequence[DeliveryId]) -> None:
    """Turn rows into tombstones."""
    _fence(connection, partition, epoch)
    named = _bury().where(
        _row.partition == partition,
        _row.message_id == bindparam("id_message"),
        _row.operation == bindparam("id_operation"),
        _row.part == bindparam("id_part"),
    )
    if ids:
        values = [{"id_message": each.message_id, "id_operation": each.operation, "id_part": each.part} for each in ids]
        connection.execute(named, values)


def sweep(connection: Connection, partition: int, epoch: int, committed: int) -> None:
    """Remove the tombstones of records below the committed offset."""
    _fence(connection, partition, epoch)
    below = and_(_row.partition == partition, _row.settled == true(), _row.offset < committed)
    connection.execute(delete(tables.parked).where(below))


def _bury() -> Update:
    return update(tables.parked).values(settled=True, envelope=b"")


def _take(connection: Connection, partition: int) -> Taking:
    farewell = _farewell(connection, partition)
    token = uuid4().hex
    first = conflict_insert(connection, _owner).values(partition=partition, epoch=1, token=token)
    fresh = {"epoch": _owner.c.epoch + 1, "token": token, "left_epoch": None}
    connection.execute(first.on_conflict_do_update(index_elements=["partition"], set_=fresh))
    return Taking(connection.execute(_epoch(partition)).scalar_one(), token, farewell)


def _farewell(connection: Connection, partition: int) -> Farewell | None:
    """Return what the last owner said; the row is locked, so that nobody else is told the same."""
    row = connection.execute(select(_owner).where(_owner.c.partition == partition).with_for_update()).first()
    if row is None or row.left_epoch != row.epoch:
        return None
    return Farewell(partition, row.epoch, row.token, row.left_committed, row.left_outcomes)


def _fence(connection: Connection, partition: int, epoch: int) -> None:
    """Let only the present owner of the partition pass. Where rows can be locked, it stays the owner until the end."""
    if connection.execute(_epoch(partition).with_for_update()).scalar() != epoch:
        raise StaleOwner(f"partition {partition}, epoch {epoch}")


def _epoch(partition: int) -> Select[int]:
    return select(_owner.c.epoch).where(_owner.c.partition == partition)


def _settled(connection: Connection, partition: int, committed: int) -> frozenset[DeliveryId]:
    """Return the deliveries of records at or past the committed offset that need no further work.

    A dead one without a row is none of them: its outcome was written and the row that holds its lane was not.
    """
    held = exists().where(_SAME_DELIVERY)
    final = or_(_line.state.in_(_FINISHED), and_(_line.state == _DEAD, held))
    past = and_(_line.source_partition == partition, _line.source_offset >= committed)
    ledger = select(_line.message_id, _line.operation, _line.part).where(past, final)
    tombstones = select(_row.message_id, _row.operation, _row.part).where(
        _row.partition == partition, _row.offset >= committed, _row.settled == true()
    )
    return frozenset(DeliveryId(*row) for each in (ledger, tombstones) for row in connection.execute(each))


def _dead(connection: Connection, partition: int, committed: int) -> frozenset[DeliveryId]:
    """Return the deliveries of such records that died, and whose rows were not written."""
    past = and_(_line.source_partition == partition, _line.source_offset >= committed)
    unheld = ~exists().where(_SAME_DELIVERY)
    died = select(_line.message_id, _line.operation, _line.part).where(past, _line.state == _DEAD, unheld)
    return frozenset(DeliveryId(*row) for row in connection.execute(died))


def _outlines(connection: Connection, partition: int) -> Iterable[ParkedRow]:
    """Return the rows of a partition without their envelopes, in lane order."""
    columns = [column for column in _row if column is not _row.envelope]
    outlines = select(*columns).where(_row.partition == partition, _row.settled == false()).order_by(*_LANE_ORDER)
    return (_parked(row, b"") for row in connection.execute(outlines))


def _parked(row: Row[Any], envelope: bytes) -> ParkedRow:
    return ParkedRow(
        id=DeliveryId(row.message_id, row.operation, row.part),
        lane=LaneKey(row.ordering_key, row.platform),
        partition=row.partition,
        offset=row.offset,
        index=row.place,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        due_at=row.due_at,
        envelope=envelope,
        code=row.code,
    )


def columns_of(row: ParkedRow) -> dict[str, Any]:
    """Return a row as the table has it."""
    return {
        "message_id": row.id.message_id,
        "operation": row.id.operation,
        "part": row.id.part,
        "ordering_key": row.lane.ordering_key,
        "platform": row.lane.platform,
        "partition": row.partition,
        "offset": row.offset,
        "place": row.index,
        "state": row.state.value,
        "attempts": row.attempts,
        "due_at": row.due_at,
        "code": row.code,
        "settled": False,
        "envelope": row.envelope,
    }
