"""Forgetting what the log can tell again, and nothing else: what it has let go is known to the store alone."""

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection, and_, case, delete, func, select

from hub.store import tables, tally
from hub.store.database import Database
from hub.store.ledger import POSSIBLY_DOUBLED, Figure
from hub.store.projection import SqlProjection
from schemas.delivery import MessageKind
from schemas.topics import AUDIT, COMMANDS, OUTCOMES

_message, _delivery, _hop, _audit = tables.message.c, tables.delivery.c, tables.hop.c, tables.audit.c
_next = tables.projection.c


class Rebuilding:
    """Makes room for the read models to be made anew. For a hub that stands still."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, starts: Mapping[tuple[str, int], int]) -> None:
        """Forget the rows of what the log holds from `starts` on, and read it again from there.

        Where the log reaches back to its beginning that is everything, the counts included. Else older rows stay with
        what they count: the log holds every outcome of every command that it holds, so both parts are whole.
        """
        if not any(starts.values()):
            await SqlProjection(self._database).reset()
            return
        # The commands last: a crash before them leaves outcomes that are read again. The other way round it would leave
        # commands without outcomes, and what was delivered would look as if it was owed.
        for topic, partition in sorted(starts, key=lambda place: (place[0] == COMMANDS, place)):
            start = starts[topic, partition]
            await self._database.write(lambda it, at=(topic, partition, start): forget(it, *at))  # type: ignore[misc]  # bound early on purpose


def forget(connection: Connection, topic: str, partition: int, start: int) -> None:
    """Forget what a partition tells from an offset on."""
    if topic == COMMANDS:
        _forget_messages(connection, partition, start)
    elif topic == OUTCOMES:
        connection.execute(delete(tables.hop).where(_hop.partition == partition, _hop.offset >= start))
    elif topic == AUDIT:
        connection.execute(delete(tables.audit).where(_audit.partition == partition, _audit.offset >= start))
    mine = _next.topic == topic, _next.partition == partition
    connection.execute(delete(tables.projection).where(*mine))


def _forget_messages(connection: Connection, partition: int, start: int) -> None:
    """Forget messages and their lines, and take them out of the counts."""
    mine = and_(_message.partition == partition, _message.offset >= start)
    known = select(_message.message_id).where(_message.partition == partition, _message.offset < start)
    lines = and_(
        _delivery.source_partition == partition, _delivery.source_offset >= start, _delivery.message_id.not_in(known)
    )
    counted = select(
        _delivery.platform, _delivery.state, func.count(), func.sum(case((_delivery.possibly_doubled, 1), else_=0))
    )
    less: Counter[Figure] = Counter()
    for platform, state, count, doubled in connection.execute(
        counted.where(lines).group_by(_delivery.platform, _delivery.state)
    ):
        less[platform, state] -= count
        less[platform, POSSIBLY_DOUBLED] -= int(doubled)
    accepted = select(func.count()).select_from(tables.message).where(mine, _message.kind != MessageKind.RULING)
    less[tally.ACCEPTED] -= connection.scalar(accepted) or 0
    connection.execute(delete(tables.delivery).where(lines))
    connection.execute(delete(tables.message).where(mine))
    tally.add(connection, less)
