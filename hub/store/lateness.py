"""What waits too long, found among the open deliveries alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select, tuple_

from hub.ports import DeliveryId, LateDelivery
from hub.store import tables
from hub.store.database import Database

_delivery, _message, _told = tables.delivery.c, tables.message.c, tables.event_delivery.c
_waiting = tables.delivery.join(tables.message, _delivery.message_id == _message.message_id)


class SqlLateness:
    """The `Lateness` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def late(self, received_before: datetime) -> Mapping[str, int]:
        """See `Lateness.late`."""
        return await self._database.read(lambda connection: late(connection, received_before))

    async def untold(
        self, received_before: datetime, after: DeliveryId | None, deliveries_max: int
    ) -> Sequence[LateDelivery]:
        """See `Lateness.untold`."""
        return await self._database.read(lambda connection: untold(connection, received_before, after, deliveries_max))


def late(connection: Connection, received_before: datetime) -> Mapping[str, int]:
    """Count, per platform, what waits and was received before then."""
    wanted = select(_delivery.platform, func.count()).select_from(_waiting).where(_late(received_before))
    rows = connection.execute(wanted.group_by(_delivery.platform))
    return {platform: count for platform, count in rows}  # noqa: C416 - rows are not tuples to the type checker


def untold(
    connection: Connection, received_before: datetime, after: DeliveryId | None, deliveries_max: int
) -> Sequence[LateDelivery]:
    """Return what waits, was received before then, and was not told as late."""
    id_ = tuple_(_delivery.message_id, _delivery.operation, _delivery.part)
    told = exists().where(
        _told.message_id == _delivery.message_id,
        _told.operation == _delivery.operation,
        _told.part == _delivery.part,
        _told.late,
    )
    wanted = (
        select(_delivery.message_id, _delivery.operation, _delivery.part, _delivery.platform, _message.received_at)
        .select_from(_waiting)
        .where(_late(received_before), ~told)
        .order_by(_delivery.message_id, _delivery.operation, _delivery.part)
        .limit(deliveries_max)
    )
    if after is not None:
        wanted = wanted.where(id_ > tuple_(after.message_id, after.operation, after.part))
    return [
        LateDelivery(DeliveryId(row.message_id, row.operation, row.part), row.platform, row.received_at)
        for row in connection.execute(wanted)
    ]


def _late(received_before: datetime) -> ColumnElement[bool]:
    return and_(tables.OPEN, _message.received_at < received_before)
