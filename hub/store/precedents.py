"""What the ledger says about rulings."""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, exists, select

from hub.ports import LaneKey
from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import among
from schemas.delivery import DeliveryState, MessageKind

_message, _delivery, _hop, _parked = tables.message.c, tables.delivery.c, tables.hop.c, tables.parked.c
_NEVER_THERE = (DeliveryState.WITHDRAWN.value, DeliveryState.EXPIRED.value)


class SqlPrecedents:
    """The `Precedents` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def obeyed(self, rulings: Collection[str]) -> frozenset[str]:
        """See `Precedents.obeyed`."""
        return await self._database.read(lambda connection: obeyed(connection, rulings))

    async def unanswered(self, partition: int, committed: int) -> Sequence[int]:
        """See `Precedents.unanswered`."""
        return await self._database.read(lambda connection: unanswered(connection, partition, committed))

    async def newer(self, lane: LaneKey, revision: int) -> bool:
        """See `Precedents.newer`."""
        return await self._database.read(lambda connection: newer(connection, lane, revision))


def obeyed(connection: Connection, rulings: Collection[str]) -> frozenset[str]:
    """Return those of some rulings that an outcome of a delivery names."""
    named = select(_hop.ruling).where(tables.RULED, among(connection, _hop.ruling, set(rulings)))
    return frozenset(connection.scalars(named.where(_hop.message_id != _hop.ruling)))


def unanswered(connection: Connection, partition: int, committed: int) -> Sequence[int]:
    """Return the offsets of rulings that no outcome names, and that the parking place does not know."""
    answered = exists().where(tables.RULED, _hop.ruling == _message.message_id)
    known = exists().where(_parked.message_id == _message.message_id)
    wanted = select(_message.offset).where(
        tables.RULINGS, _message.partition == partition, _message.offset < committed, ~answered, ~known
    )
    return connection.scalars(wanted.order_by(_message.offset)).all()


def newer(connection: Connection, lane: LaneKey, revision: int) -> bool:
    """Whether a later state of the dossier is owed to a platform, or was delivered there."""
    later = (
        select(_message.message_id)
        .join(tables.delivery, _delivery.message_id == _message.message_id)
        .where(
            _message.ordering_key == lane.ordering_key,
            _message.kind == MessageKind.DOSSIER.value,
            _message.revision > revision,
            _delivery.platform == lane.platform,
            _delivery.state.not_in(_NEVER_THERE),
        )
    )
    return connection.execute(later.limit(1)).first() is not None
