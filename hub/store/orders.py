"""Orders of operators: what each selects, how far it is, and what became of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)

from hub.ports import DeliveryId
from hub.ports.desk import Decider, ItemState, OrderItem, OrderRecord
from hub.store import tables
from hub.store.database import Database
from hub.store.dead_letters import named, waiting, within
from schemas.agency import AgencyCode
from schemas.dead_letter import LetterState
from schemas.delivery import DeliveryState
from schemas.order import OrderAction, OrderCounts, OrderState, Selection

_orders, _items = tables.operator_order, tables.order_item
_order, _item, _delivery, _hop = _orders.c, _items.c, tables.delivery.c, tables.hop.c

_IN_WORK = (OrderState.APPROVED, OrderState.RUNNING, OrderState.STOPPING)
_ENDED = (OrderState.STOPPED, OrderState.DONE, OrderState.REFUSED)
_APPROVES = ("approved_by", "approving_officer")
_STOPS = ("stopped_by", "stopping_officer")
_WITHOUT_EFFECT = (DeliveryState.WITHDRAWN.value, DeliveryState.EXPIRED.value)


class SqlOrders:
    """The `OrderBook` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def propose(
        self, order: OrderRecord, selection: Selection, scope: AgencyCode, proposed_above: int | None
    ) -> OrderRecord:
        """See `OrderBook.propose`."""
        return await self._database.write(lambda it: propose(it, order, selection, scope, proposed_above))

    async def selected(self, action: OrderAction, selection: Selection, scope: AgencyCode) -> Sequence[DeliveryId]:
        """See `OrderBook.selected`."""
        return await self._database.read(lambda connection: selected(connection, action, selection, scope))

    async def find(self, order_id: str) -> OrderRecord | None:
        """See `OrderBook.find`."""
        return await self._database.read(lambda connection: find(connection, order_id))

    async def page(
        self, scope: AgencyCode, state: OrderState | None, after: str, orders_max: int
    ) -> Sequence[OrderRecord]:
        """See `OrderBook.page`."""
        return await self._database.read(lambda connection: page(connection, scope, state, after, orders_max))

    async def counts(self, order_id: str) -> OrderCounts:
        """See `OrderBook.counts`."""
        return await self._database.read(lambda connection: counts(connection, order_id))

    async def refused(self, order_id: str, items_max: int) -> Sequence[OrderItem]:
        """See `OrderBook.refused`."""
        return await self._database.read(lambda it: _listed(it, order_id, ItemState.REFUSED, items_max))

    async def move(
        self,
        order_id: str,
        origin: Collection[OrderState],
        to: OrderState,
        *,
        at: datetime,
        decider: Decider | None = None,
    ) -> bool:
        """See `OrderBook.move`."""
        return await self._database.write(lambda it: move(it, order_id, origin, to, at, decider))

    async def in_work(self, orders_max: int) -> Sequence[OrderRecord]:
        """See `OrderBook.in_work`."""
        return await self._database.read(lambda connection: in_work(connection, orders_max))

    async def items(self, order_id: str, items_max: int) -> Sequence[OrderItem]:
        """See `OrderBook.items`."""
        return await self._database.read(lambda it: _listed(it, order_id, ItemState.SELECTED, items_max))

    async def note(self, order_id: str, items: Sequence[OrderItem]) -> None:
        """See `OrderBook.note`."""
        await self._database.write(lambda connection: note(connection, order_id, items))

    async def expire(self, proposed_before: datetime, at: datetime) -> int:
        """See `OrderBook.expire`."""
        return await self._database.write(lambda connection: expire(connection, proposed_before, at))


def propose(
    connection: Connection, order: OrderRecord, selection: Selection, scope: AgencyCode, proposed_above: int | None
) -> OrderRecord:
    """Insert an order and its deliveries, unless it is there."""
    known = find(connection, order.order_id)
    if known is not None:
        return known
    ids = selected(connection, order.action, selection, scope)
    asks = proposed_above is not None and len(ids) > proposed_above
    state = OrderState.PROPOSED if asks else OrderState.APPROVED
    connection.execute(insert(_orders), _row(order, state))
    rows = [
        {
            "order_id": order.order_id,
            "place": place,
            "message_id": each.message_id,
            "operation": each.operation,
            "part": each.part,
            "state": ItemState.SELECTED.value,
            "path": "",
            "rule": "",
            "heard_to": -1,
        }
        for place, each in enumerate(ids)
    ]
    if rows:
        connection.execute(insert(_items), rows)
    found = find(connection, order.order_id)
    assert found is not None  # noqa: S101 - it was inserted above
    return found


def selected(
    connection: Connection, action: OrderAction, selection: Selection, scope: AgencyCode
) -> Sequence[DeliveryId]:
    """Return the deliveries that a selection means right now, oldest first."""
    state = LetterState.IN_DOUBT if action.settles_doubt else LetterState.DEAD
    if selection.delivery is not None:
        name = selection.delivery
        rows = named(connection, scope, state, DeliveryId(name.message_id, name.operation, name.part))
    else:
        wanted = selection.matching
        assert wanted is not None  # noqa: S101 - a selection has exactly one of the two
        rows = waiting(connection, scope, state, wanted, None, selection.deliveries_max)
    return [DeliveryId(row.message_id, row.operation, row.part) for row in rows]


def find(connection: Connection, order_id: str) -> OrderRecord | None:
    """Return an order."""
    row = connection.execute(select(_orders).where(_order.order_id == order_id)).one_or_none()
    return None if row is None else _record(row)


def page(
    connection: Connection, scope: AgencyCode, state: OrderState | None, after: str, orders_max: int
) -> Sequence[OrderRecord]:
    """Return orders, newest first."""
    wanted = select(_orders).where(within(_order.agency, scope))
    if state is not None:
        wanted = wanted.where(_order.state == state.value)
    if after:
        last = select(_order.proposed_at).where(_order.order_id == after).scalar_subquery()
        wanted = wanted.where(tuple_(_order.proposed_at, _order.order_id) < tuple_(last, after))
    newest = wanted.order_by(_order.proposed_at.desc(), _order.order_id.desc()).limit(orders_max)
    return [_record(row) for row in connection.execute(newest)]


def counts(connection: Connection, order_id: str) -> OrderCounts:
    """Count the deliveries of an order by what the ledger says of them."""
    again = exists().where(
        _hop.message_id == _item.message_id,
        _hop.operation == _item.operation,
        _hop.part == _item.part,
        _hop.offset > _item.heard_to,
    )
    same = and_(
        _delivery.message_id == _item.message_id, _delivery.operation == _item.operation, _delivery.part == _item.part
    )
    died_again = case((and_(_delivery.state == DeliveryState.DEAD.value, again), 1), else_=0)
    grouped = (
        select(_item.state, _delivery.state.label("stands"), func.count(), func.sum(died_again))
        .select_from(_items.outerjoin(tables.delivery, same))
        .where(_item.order_id == order_id)
        .group_by(_item.state, _delivery.state)
    )
    return _counted(connection.execute(grouped).all())


def move(
    connection: Connection,
    order_id: str,
    origin: Collection[OrderState],
    to: OrderState,
    at: datetime,
    decider: Decider | None,
) -> bool:
    """Change the state of an order if it is one of some; of two who try at once one does."""
    values: dict[str, Any] = {"state": to.value}
    if decider is not None:
        account, officer = _STOPS if to in (OrderState.STOPPING, OrderState.STOPPED) else _APPROVES
        values |= {account: decider.account, officer: decider.officer}
    if to in _ENDED:
        values["ended_at"] = at
    mine = and_(_order.order_id == order_id, _order.state.in_([state.value for state in origin]))
    return connection.execute(update(_orders).where(mine).values(values)).rowcount == 1


def in_work(connection: Connection, orders_max: int) -> Sequence[OrderRecord]:
    """Return the oldest orders that somebody has to work on."""
    wanted = select(_orders).where(_order.state.in_([state.value for state in _IN_WORK]))
    oldest = wanted.order_by(_order.proposed_at, _order.order_id).limit(orders_max)
    return [_record(row) for row in connection.execute(oldest)]


def note(connection: Connection, order_id: str, items: Sequence[OrderItem]) -> None:
    """Write down what became of deliveries; what was written down before stays."""
    if not items:
        return
    noted = (
        update(_items)
        .where(
            _item.order_id == order_id,
            _item.place == bindparam("of_place"),
            _item.state == ItemState.SELECTED.value,
        )
        .values(
            state=bindparam("to"), path=bindparam("at_path"), rule=bindparam("of_rule"), heard_to=bindparam("to_here")
        )
    )
    rows = [
        {"of_place": it.place, "to": it.state.value, "at_path": it.path, "of_rule": it.rule, "to_here": it.heard_to}
        for it in items
    ]
    connection.execute(noted, rows)


def expire(connection: Connection, proposed_before: datetime, at: datetime) -> int:
    """Refuse orders that nobody approved in time."""
    old = and_(_order.state == OrderState.PROPOSED.value, _order.proposed_at < proposed_before)
    return connection.execute(update(_orders).where(old).values(state=OrderState.REFUSED.value, ended_at=at)).rowcount


def _listed(connection: Connection, order_id: str, state: ItemState, items_max: int) -> Sequence[OrderItem]:
    wanted: Select[Any] = select(_items).where(_item.order_id == order_id, _item.state == state.value)
    return [
        OrderItem(
            row.place,
            DeliveryId(row.message_id, row.operation, row.part),
            ItemState(row.state),
            row.path,
            row.rule,
            row.heard_to,
        )
        for row in connection.execute(wanted.order_by(_item.place).limit(items_max))
    ]


def _counted(rows: Sequence[Row[Any]]) -> OrderCounts:
    found: dict[str, int] = dict.fromkeys(OrderCounts.model_fields, 0)
    for row in rows:
        state, stands, count, died_again = tuple(row)
        found["selected"] += count
        if state != ItemState.SELECTED.value:
            found[state] += count
        if state == ItemState.APPENDED.value:
            _count_appended(found, stands, count, int(died_again or 0))
    return OrderCounts(**found)


def _count_appended(found: dict[str, int], stands: str | None, count: int, died_again: int) -> None:
    if stands == DeliveryState.DELIVERED.value:
        found["delivered"] += count
    elif stands is None or stands in _WITHOUT_EFFECT:
        found["ended"] += count
    else:
        found["dead_again"] += died_again
        found["waiting"] += count - died_again


def _row(order: OrderRecord, state: OrderState) -> Mapping[str, Any]:
    return {
        "order_id": order.order_id,
        "action": order.action.value,
        "state": state.value,
        "agency": order.agency,
        "system": order.system,
        "officer": order.officer,
        "approved_by": order.approved_by,
        "approving_officer": order.approving_officer,
        "stopped_by": order.stopped_by,
        "stopping_officer": order.stopping_officer,
        "fingerprint": order.fingerprint,
        "sealed": order.sealed,
        "rate_per_s": order.rate_per_s,
        "proposed_at": order.proposed_at,
        "ended_at": order.ended_at,
    }


def _record(row: Row[Any]) -> OrderRecord:
    return OrderRecord(
        order_id=row.order_id,
        action=OrderAction(row.action),
        state=OrderState(row.state),
        agency=row.agency,
        system=row.system,
        officer=row.officer,
        approved_by=row.approved_by,
        approving_officer=row.approving_officer,
        fingerprint=row.fingerprint,
        sealed=row.sealed,
        rate_per_s=row.rate_per_s,
        proposed_at=row.proposed_at,
        ended_at=row.ended_at,
        stopped_by=row.stopped_by,
        stopping_officer=row.stopping_officer,
    )
