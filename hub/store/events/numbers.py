"""The numbers of status events: 1, 2, 3 and so on per dossier, given in the order of the outbox."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select, update

from hub.pipeline.status_events import Change
from hub.ports import LoggedEvent
from hub.store import tables
from hub.store.dialect import among_bound, conflict_insert, execute_many, upsert

_dossier = tables.event_dossier.c
_row = tables.event_partition.c

_SEQS = select(_dossier.ordering_key, _dossier.seq).where(among_bound(_dossier.ordering_key, "ordering_keys"))
_MOVE = update(tables.event_partition).where(_row.partition == bindparam("at")).values(next_place=bindparam("to"))


def number(connection: Connection, changes: Sequence[Change], source: str, places: dict[int, int]) -> None:
    """Give each change the next number of its dossier and the next place of its partition."""
    if not changes:
        return
    seqs = _seqs(connection, {change.message.ordering_key for change in changes})
    rows = []
    for change in changes:
        key, partition = change.message.ordering_key, change.message.partition
        seqs[key] = seqs.get(key, 0) + 1
        rows.append((partition, places[partition], change.id, key, change.value(source, seqs[key])))
        places[partition] += 1
    execute_many(connection, conflict_insert(connection, tables.event_outbox), rows)
    _save_seqs(connection, seqs)
    told_of = {change.message.partition for change in changes}
    execute_many(connection, _MOVE, [{"at": each, "to": places[each]} for each in sorted(told_of)])


def raise_seqs(connection: Connection, events: Sequence[LoggedEvent]) -> None:
    """Raise the numbers of dossiers to those of events that the log holds."""
    seqs = _seqs(connection, {event.ordering_key for event in events})
    raised: dict[str, int] = {}
    for event in events:
        if event.seq > seqs.get(event.ordering_key, 0):
            seqs[event.ordering_key] = raised[event.ordering_key] = event.seq
    if raised:
        _save_seqs(connection, raised)


def _seqs(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    return {row[0]: row[1] for row in connection.execute(_SEQS, {"ordering_keys": keys}).all()}


def _save_seqs(connection: Connection, seqs: Mapping[str, int]) -> None:
    execute_many(connection, upsert(connection, tables.event_dossier), seqs.items())
