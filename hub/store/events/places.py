"""Where the status events of each partition stand, and who may publish them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, or_, select, update

from hub.store import tables
from hub.store.dialect import among, among_bound, execute_many, insert_missing
from schemas.topics import EVENTS

_source = tables.event_source.c
_row = tables.event_partition.c

_PLACES = (
    select(_row.partition, _row.next_place)
    .where(among_bound(_row.partition, "partitions"))
    .order_by(_row.partition)
    .with_for_update()
)
_OFFSETS = select(_source.partition, _source.next_offset).where(
    _source.topic == bindparam("its_topic"), among_bound(_source.partition, "partitions")
)
_LEARN = (
    update(tables.event_partition)
    .where(_row.partition == bindparam("at"), _row.learnt_to < bindparam("to"))
    .values(learnt_to=bindparam("to"))
)


def lock(connection: Connection, partitions: Iterable[int]) -> dict[int, int]:
    """Lock the partitions' rows, in one order, and return their next places. Rows that are missing are made."""
    wanted = sorted(partitions)
    found = _places(connection, wanted)
    if len(found) == len(wanted):
        return found
    blank = {"next_place": 0, "learnt_to": 0, "holder": "", "epoch": 0, "held_until": None}
    missing = [{"partition": number, **blank} for number in wanted if number not in found]
    connection.execute(insert_missing(connection, tables.event_partition), missing)
    return _places(connection, wanted)


def _places(connection: Connection, partitions: Sequence[int]) -> dict[int, int]:
    return {row[0]: row[1] for row in connection.execute(_PLACES, {"partitions": partitions}).all()}


def next_offset(connection: Connection, topic: str, partition: int) -> int:
    """Return the next offset of a source that is wanted; 0 when nothing was read."""
    wanted = select(_source.next_offset).where(_source.topic == topic, _source.partition == partition)
    return connection.execute(wanted).scalar() or 0


def next_offsets(connection: Connection, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Return the same of some partitions."""
    numbers = list(partitions)
    rows = connection.execute(_OFFSETS, {"its_topic": topic, "partitions": numbers}).all()
    return dict.fromkeys(numbers, 0) | {row.partition: row.next_offset for row in rows}


def learnt_to(connection: Connection, partition: int) -> int:
    """Return up to which offset the events in the log are known."""
    return connection.execute(select(_row.learnt_to).where(_row.partition == partition)).scalar() or 0


def note_learnt(connection: Connection, ends: Mapping[int, int]) -> None:
    """Raise, per partition, the offset up to which the events in the log are known."""
    execute_many(connection, _LEARN, [{"at": partition, "to": end} for partition, end in ends.items()])


def ends(connection: Connection) -> Mapping[tuple[str, int], int]:
    """Return what was seen of the sources, and of the events themselves."""
    sources = {(row.topic, row.partition): row.next_offset for row in connection.execute(select(tables.event_source))}
    learnt = connection.execute(select(_row.partition, _row.learnt_to))
    return sources | {(EVENTS, row.partition): row.learnt_to for row in learnt}


def claim(
    connection: Connection, partitions: Collection[int], holder: str, now: datetime, until: datetime
) -> Collection[int]:
    """Take what is free, what is one's own, and what somebody has held for too long.

    A claim that ends later than any that could be made now was made by a clock that ran ahead, and does not bind.
    """
    lock(connection, partitions)
    latest = until + (until - now)
    free = or_(
        _row.holder.in_(["", holder]), _row.held_until.is_(None), _row.held_until < now, _row.held_until > latest
    )
    wanted = select(_row.partition, _row.holder, _row.epoch).where(among(connection, _row.partition, partitions), free)
    won = connection.execute(wanted.order_by(_row.partition)).all()
    taken = [
        {"at": row.partition, "who": holder, "when": until, "nr": row.epoch + (row.holder != holder)} for row in won
    ]
    if taken:
        hold = update(tables.event_partition).where(_row.partition == bindparam("at"))
        values = hold.values(holder=bindparam("who"), held_until=bindparam("when"), epoch=bindparam("nr"))
        connection.execute(values, taken)
    return [row.partition for row in won]


def release(connection: Connection, holder: str) -> None:
    """Let go of everything that the holder has."""
    mine = update(tables.event_partition).where(_row.holder == holder)
    connection.execute(mine.values(holder="", held_until=None))
