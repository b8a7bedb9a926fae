"""The outbox: status events on their way into the log."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select

from hub.ports import OutboxEvent
from hub.store import tables
from hub.store.events.places import lock, note_learnt

_outbox = tables.event_outbox.c

_REMOVE = delete(tables.event_outbox).where(
    _outbox.partition == bindparam("its_partition"), _outbox.place == bindparam("its_place")
)


def outbox(connection: Connection, partitions: Collection[int], events_max: int) -> Sequence[OutboxEvent]:
    """Return the first events of each partition."""
    columns = select(_outbox.partition, _outbox.place, _outbox.ordering_key, _outbox.value)
    first = columns.where(_outbox.partition == bindparam("its_partition")).order_by(_outbox.place).limit(events_max)
    return [
        OutboxEvent(*row) for partition in partitions for row in connection.execute(first, {"its_partition": partition})
    ]


def published(connection: Connection, events: Sequence[OutboxEvent], ends: Mapping[int, int]) -> None:
    """Remove events that the log holds; whoever appended them may do so, for they are there."""
    lock(connection, ends)
    if events:
        connection.execute(_REMOVE, [{"its_partition": each.partition, "its_place": each.place} for each in events])
    note_learnt(connection, ends)
