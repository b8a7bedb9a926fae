"""Which decisions about deliveries may be forgotten: ended ones, whose messages the ledger has forgotten before.

As long as the ledger tells of a delivery, it can be asked who decided what about it, and why.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select

from hub.store import tables
from hub.store.dialect import among
from hub.store.retention.purge import Aged
from schemas.reconciliation import Follows, RunState

_order, _item, _message = tables.operator_order.c, tables.order_item.c, tables.message.c
_run, _found = tables.reconciliation.c, tables.reconciliation_difference.c
_FINAL = tuple(state.value for state in RunState if state.final)


def aged_orders(connection: Connection, after: str, before: datetime, rows_max: int) -> Aged:
    """Look at the next orders that ended before then, in the order of their ids."""
    wanted = select(_order.order_id).where(_order.order_id > after, _order.ended_at < before)
    ids = connection.scalars(wanted.order_by(_order.order_id).limit(rows_max)).all()
    return Aged(ids[-1] if len(ids) == rows_max else None, ids)


def forgotten_orders(connection: Connection, ids: Collection[str]) -> Sequence[str]:
    """Return those of the orders of whose messages the ledger has none any more."""
    told = select(_item.order_id).join(tables.message, _message.message_id == _item.message_id)
    still = connection.scalars(
        select(_order.order_id).where(
            among(connection, _order.order_id, ids), told.where(_item.order_id == _order.order_id).exists()
        )
    )
    return sorted({*ids}.difference(still))


def purge_order(connection: Connection, order_id: str) -> int:
    """Remove an order with the list of its deliveries; return how many orders that was."""
    connection.execute(delete(tables.order_item).where(_item.order_id == order_id))
    return connection.execute(delete(tables.operator_order).where(_order.order_id == order_id)).rowcount


def aged_runs(connection: Connection, after: str, before: datetime, rows_max: int) -> Aged:
    """Look at the next runs of the reconciliation that came to their end and were asked for before then, by id."""
    wanted = select(_run.run_id).where(_run.run_id > after, _run.requested_at < before, _run.state.in_(_FINAL))
    ids = connection.scalars(wanted.order_by(_run.run_id).limit(rows_max)).all()
    return Aged(ids[-1] if len(ids) == rows_max else None, ids)


def forgotten_runs(connection: Connection, ids: Collection[str]) -> Sequence[str]:
    """Return those of the runs that had nothing sent again of which the ledger still tells."""
    resent = select(_found.run_id).join(tables.message, _message.message_id == _found.message_id)
    resent = resent.where(_found.run_id == _run.run_id, _found.follows == Follows.RESENT.value)
    still = connection.scalars(select(_run.run_id).where(among(connection, _run.run_id, ids), resent.exists()))
    return sorted({*ids}.difference(still))


def purge_run(connection: Connection, run_id: str) -> int:
    """Remove a run with what it found; return how many runs that was."""
    connection.execute(delete(tables.reconciliation_difference).where(_found.run_id == run_id))
    return connection.execute(delete(tables.reconciliation).where(_run.run_id == run_id)).rowcount
