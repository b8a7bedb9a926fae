"""Learning from the log which status events it holds, after a store was lost or brought back from a copy."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, select

from hub.errors import HubFault
from hub.pipeline.status_events import Change, EventDelivery, Origin
from hub.ports import DeliveryId, LoggedEvent
from hub.store import tables
from hub.store.dialect import among, among_bound, conflict_insert, insert_missing
from hub.store.events.numbers import raise_seqs
from hub.store.events.places import learnt_to, lock, note_learnt

_known = tables.event_known.c
_outbox = tables.event_outbox.c

_KNOWN = select(_known.event_id).where(among_bound(_known.event_id, "ids"))


def learn(connection: Connection, partition: int, start: int, events: Sequence[LoggedEvent], next_offset: int) -> None:
    """Take over events of the log. HubFault when what lies between is not known."""
    lock(connection, [partition])
    known_to = learnt_to(connection, partition)
    if start > known_to:
        raise HubFault(f"events of partition {partition} are known to {known_to}, not to {start}")
    fresh = [event for event in events if event.offset >= known_to]
    ids = [event.id for event in fresh]
    connection.execute(
        delete(tables.event_outbox).where(_outbox.partition == partition, among(connection, _outbox.event_id, ids))
    )
    _remember(connection, ids)
    raise_seqs(connection, fresh)
    _note_late(connection, [event.late for event in fresh if event.late is not None])
    note_learnt(connection, {partition: next_offset})


def leave_out_known(connection: Connection, changes: Sequence[Change]) -> Sequence[Change]:
    """Leave out what the log holds already, and forget that it was known: its source is behind us."""
    ids = [change.id for change in changes]
    known = set(connection.scalars(_KNOWN, {"ids": ids}).all()) if ids else set()
    if not known:
        return changes
    connection.execute(delete(tables.event_known).where(among(connection, _known.event_id, known)))
    return [change for change in changes if change.id not in known]


def _remember(connection: Connection, ids: Sequence[str]) -> None:
    """Remember the events whose source will be read again."""
    origins = {id_: origin for id_ in ids if (origin := Origin.of(id_)) is not None}
    read_to = {(row.topic, row.partition): row.next_offset for row in connection.execute(select(tables.event_source))}
    rows = [
        {"event_id": id_}
        for id_, origin in origins.items()
        if origin.offset >= read_to.get((origin.topic, origin.partition), 0)
    ]
    if rows:
        connection.execute(insert_missing(connection, tables.event_known), rows)


def _note_late(connection: Connection, lates: Sequence[DeliveryId]) -> None:
    if not lates:
        return
    rows = [EventDelivery(each.message_id, each.operation, each.part, late=True)._asdict() for each in lates]
    insert = conflict_insert(connection, tables.event_delivery)
    keys = list(tables.event_delivery.primary_key.columns)
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_={"late": True}), rows)
