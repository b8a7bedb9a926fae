"""The outbox: status events on their way into the log."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, select

from hub.ports import OutboxEvent
from hub.store import tables
from hub.store.dialect import execute_many
from hub.store.events.places import lock, note_learnt

_outbox = tables.event_outbox.c

_FIRST = (
    select(_outbox.partition, _outbox.place, _outbox.ordering_key, _outbox.value)
    .where(_outbox.partition == bindparam("its_partition"))
    .order_by(_outbox.place)
    .limit(bindparam("events_max"))
)
_REMOVE = delete(tables.event_outbox).where(
    _outbox.partition == bindparam("its_partition"), _outbox.place.between(bindparam("first"), bindparam("last"))
)


def outbox(connection: Connection, partitions: Collection[int], events_max: int) -> Sequence[OutboxEvent]:
    """Return the first events of each partition."""
    return [
        OutboxEvent(*row)
        for partition in partitions
        for row in connection.execute(_FIRST, {"its_partition": partition, "events_max": events_max})
    ]


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
