"""What the ledger says of the dossiers that are compared with a platform."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, exists, or_, select

from hub.pipeline.reconciliation import first_id
from hub.ports import Delivered, DeliveryId, DossierFacts
from hub.store import tables
from schemas.delivery import DeliveryState, MessageKind

DELIVERED_MAX = 20
"""Delivered states of a dossier that are looked at, the newest ones."""
RULINGS_MAX = 20

_delivery, _message, _hop, _dossier = tables.delivery.c, tables.message.c, tables.hop.c, tables.dossier.c
_lines = tables.delivery.join(tables.message, _delivery.message_id == _message.message_id)
_IS_DELIVERED = _delivery.state == DeliveryState.DELIVERED.value


def candidates(
    connection: Connection, operation: str, since: datetime, until: datetime, after: str, rows_max: int
) -> Sequence[tuple[str, str]]:
    """Return (message id, ordering key) of the newest delivered states, by message id.

    Ids sort by the time at which they were made, so that old messages are not even looked at.
    """
    line, newer = tables.delivery.alias(), tables.message.alias()
    newer_delivered = exists().where(
        newer.c.ordering_key == _message.ordering_key,
        newer.c.offset > _message.offset,
        line.c.message_id == newer.c.message_id,
        line.c.operation == operation,
        line.c.state == DeliveryState.DELIVERED.value,
    )
    wanted = (
        select(_message.message_id, _message.ordering_key)
        .select_from(_lines)
        .where(
            _message.message_id > max(after, first_id(since)),
            _message.received_at >= since,
            _message.received_at < until,
            _delivery.operation == operation,
            _delivery.part == 0,
            _IS_DELIVERED,
            ~newer_delivered,
        )
        .order_by(_message.message_id)
        .limit(rows_max)
    )
    return [(row.message_id, row.ordering_key) for row in connection.execute(wanted)]


def facts(connection: Connection, ordering_key: str, operation: str, platform: str) -> DossierFacts | None:
    """Read what is known of one dossier."""
    known = select(_message.message_id).where(_message.ordering_key == ordering_key).limit(1)
    if connection.scalar(known) is None:
        return None
    delivered = _delivered(connection, ordering_key, operation)
    given = select(_dossier.code_as_given).where(_dossier.ordering_key == ordering_key)
    return DossierFacts(
        ordering_key=ordering_key,
        code_as_given=connection.scalar(given) or ordering_key,
        owed=_owed(connection, ordering_key, platform),
        delivered=tuple(delivered[:DELIVERED_MAX]),
        whole=len(delivered) <= DELIVERED_MAX,
        rulings=_rulings(connection, ordering_key),
    )


def _owed(connection: Connection, ordering_key: str, platform: str) -> bool:
    mine = and_(_message.ordering_key == ordering_key, _delivery.platform == platform)
    owed = select(_delivery.message_id).select_from(_lines).where(mine, or_(tables.OPEN, tables.DEAD)).limit(1)
    return connection.scalar(owed) is not None


def _delivered(connection: Connection, ordering_key: str, operation: str) -> list[Delivered]:
    wanted = (
        select(
            _delivery.message_id,
            _delivery.part,
            _delivery.of,
            _delivery.place,
            _delivery.platform,
            _message.partition,
            _message.offset,
            _message.received_at,
            _message.sender_agency,
        )
        .select_from(_lines)
        .where(_message.ordering_key == ordering_key, _delivery.operation == operation, _IS_DELIVERED)
        .order_by(_message.offset.desc(), _delivery.part)
        .limit(DELIVERED_MAX + 1)
    )
    return [
        Delivered(
            id=DeliveryId(row.message_id, operation, row.part),
            platform=row.platform,
            of=row.of,
            index=row.place,
            partition=row.partition,
            offset=row.offset,
            received_at=row.received_at,
            sender_agency=row.sender_agency,
        )
        for row in connection.execute(wanted)
    ]


def _rulings(connection: Connection, ordering_key: str) -> tuple[tuple[int, int], ...]:
    """Return the places of the newest rulings that were obeyed: an outcome of a delivery names them."""
    obeyed = exists().where(tables.RULED, _hop.ruling == _message.message_id, _hop.message_id != _hop.ruling)
    mine = _message.ordering_key == ordering_key, _message.kind == MessageKind.RULING.value
    wanted = select(_message.partition, _message.offset).where(*mine, obeyed).order_by(_message.offset.desc())
    return tuple((row.partition, row.offset) for row in connection.execute(wanted.limit(RULINGS_MAX)))
