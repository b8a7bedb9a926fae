"""The numbers of status events: 1, 2, 3 and so on per dossier, given in the order of the outbox."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select, update

from hub.pipeline.status_events import Change
from hub.ports import LoggedEvent
from hub.store import tables
from hub.store.dialect import among, upsert

_dossier = tables.event_dossier.c
_row = tables.event_partition.c


def number(connection: Connection, changes: Sequence[Change], source: str, places: dict[int, int]) -> None:
    """Give each change the next number of its dossier and the next place of its partition."""
    if not changes:
        return
    seqs = _seqs(connection, {change.message.ordering_key for change in changes})
    rows = []
    for change in changes:
        key, partition = change.message.ordering_key, change.message.partition
        seqs[key] = seqs.get(key, 0) + 1
        value = change.value(source, seqs[key])
        rows.append(
            {
                "partition": partition,
                "place": places[partition],
                "event_id": change.id,
                "ordering_key": key,
                "value": value,
            }
        )
        places[partition] += 1
    connection.execute(tables.event_outbox.insert(), rows)
    _save_seqs(connection, seqs)
    moved = [{"at": partition, "to": place} for partition, place in places.items()]
    next_place = update(tables.event_partition).where(_row.partition == bindparam("at"))
    connection.execute(next_place.values(next_place=bindparam("to")), moved)


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
    wanted = select(_dossier.ordering_key, _dossier.seq).where(among(connection, _dossier.ordering_key, keys))
    return {row.ordering_key: row.seq for row in connection.execute(wanted)}


def _save_seqs(connection: Connection, seqs: Mapping[str, int]) -> None:
    rows = [{"ordering_key": key, "seq": seq} for key, seq in seqs.items()]
    connection.execute(upsert(connection, tables.event_dossier), rows)
