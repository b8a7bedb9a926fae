"""The outbox: status events on their way into the log."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, and_, bindparam, delete, func, join, select

from hub.ports import OutboxEvent
from hub.store import tables
from hub.store.dialect import among_bound, execute_many
from hub.store.events.places import lock, note_learnt

_outbox = tables.event_outbox.c

_row = tables.event_partition.c
_first = tables.event_outbox.alias("first").c
_lowest = select(func.min(_first.place)).where(_first.partition == _row.partition).scalar_subquery()
_its_first = and_(_outbox.partition == _row.partition, _outbox.place < _lowest + bindparam("events_max"))

_FIRST = (
    select(_outbox.partition, _outbox.place, _outbox.ordering_key, _outbox.value)
    .select_from(join(tables.event_partition, tables.event_outbox, _its_first))
    .where(among_bound(_row.partition, "partitions"))
    .order_by(_outbox.partition, _outbox.place)
)
_REMOVE = delete(tables.event_outbox).where(
    _outbox.partition == bindparam("its_partition"), _outbox.place.between(bindparam("first"), bindparam("last"))
)


def outbox(connection: Connection, partitions: Collection[int], events_max: int) -> Sequence[OutboxEvent]:
    """Return the first events of each partition."""
    rows = connection.execute(_FIRST, {"partitions": partitions, "events_max": events_max})
    return [OutboxEvent(*row) for row in rows.all()]


def published(connection: Connection, events: Sequence[OutboxEvent], ends: Mapping[int, int]) -> None:
    """Remove events that the log holds; whoever appended them may do so, for they are there."""
    lock(connection, ends)
    rows = [{"its_partition": partition, "first": first, "last": last} for partition, first, last in _runs(events)]
    execute_many(connection, _REMOVE, rows)
    note_learnt(connection, ends)


def _runs(events: Iterable[OutboxEvent]) -> Iterable[tuple[int, int, int]]:
    """Return the events as (partition, first place, last place) of runs without a gap."""
    runs: list[tuple[int, int, int]] = []
    for partition, place in sorted({(event.partition, event.place) for event in events}):
        if runs and runs[-1][0] == partition and runs[-1][2] == place - 1:
            runs[-1] = (partition, runs[-1][1], place)
        else:
            runs.append((partition, place, place))
    return runs
