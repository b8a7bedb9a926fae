"""What the store lets go of: rows of messages that are final, old, and no longer in the log.

Rows that the log still holds stay, whatever their age: reading the log again would bring them back, and count them
twice. The heads of dossiers, the numbers of their status events and the counts of all time always stay.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, tuple_, union_all

from hub.store import projection, tables
from hub.store.dialect import Turn, among, take_turns
from hub.store.events.places import lock
from schemas.topics import COMMANDS, OUTCOMES

_message, _delivery, _hop = tables.message.c, tables.delivery.c, tables.hop.c
_parked, _inbox, _audit = tables.parked.c, tables.inbox.c, tables.audit.c
_OF_MESSAGES = (tables.event_delivery, tables.event_message, tables.hop, tables.delivery, tables.message)

Starts = Mapping[tuple[str, int], int]
"""Where each (topic, partition) of the log begins."""

Ends = Mapping[tuple[str, int], int]
"""Where each (topic, partition) of the log ended when the run began."""


@dataclass(frozen=True, slots=True)
class Aged:
    """One batch of a walk over old messages: how to go on, and what may go as far as age and log are concerned.

    `after` is the last id that was looked at; None when the walk has come to the young ones, or to the end.
    """

    after: str | None
    ids: Sequence[str]


def owed(connection: Connection) -> Starts:
    """Return the first record of an undelivered message, per (topic, partition) of the commands that has one."""
    # One statement for all states: a delivery that changes from one to another between two would be in neither.
    undelivered = union_all(*(select(_delivery.message_id).where(states) for states in (tables.OPEN, tables.DEAD)))
    firsts = select(_message.partition, func.min(_message.offset)).where(_message.message_id.in_(undelivered))
    rows = connection.execute(firsts.group_by(_message.partition))
    found = {(COMMANDS, partition): first for partition, first in rows}
    lanes = select(_parked.partition, func.min(_parked.offset)).where(~_parked.settled).group_by(_parked.partition)
    for number, first in connection.execute(lanes):
        place = COMMANDS, number
        found[place] = min(first, found.get(place, first))
    return found


def last_records(connection: Connection, ids: Collection[str]) -> Mapping[str, int]:
    """Return the offset of the last record of each message in the commands, as far as the ledger knows them."""
    wanted = select(_delivery.message_id, func.max(_delivery.source_offset))
    rows = connection.execute(wanted.where(among(connection, _delivery.message_id, ids)).group_by(_delivery.message_id))
    return {message_id: offset for message_id, offset in rows}  # noqa: C416 - rows are not tuples to the type checker


def aged(connection: Connection, after: str, before: datetime, rows_max: int) -> Aged:
    """Look at the next messages, in the order of their ids, which is that of their acceptance."""
    wanted = select(_message.message_id, _message.received_at).where(_message.message_id > after)
    rows = connection.execute(wanted.order_by(_message.message_id).limit(rows_max)).all()
    return _aged(rows, before, rows_max)


def aged_in_inbox(connection: Connection, after: str, before: datetime, rows_max: int) -> Aged:
    """Look at the next keys of requests, in the order of their messages."""
    wanted = select(_inbox.message_id, _inbox.received_at).where(_inbox.message_id > after)
    rows = connection.execute(wanted.order_by(_inbox.message_id).limit(rows_max)).all()
    return _aged(rows, before, rows_max)


def settled(connection: Connection, ids: Collection[str], starts: Starts) -> Mapping[str, str]:
    """Return those of the messages of which nothing is owed and nothing is in the log any more, with their dossiers."""
    rows = connection.execute(
        select(_message.message_id, _message.ordering_key, _message.partition, _message.offset).where(
            among(connection, _message.message_id, ids)
        )
    ).all()
    kept = _undone(connection, ids) | _in_log(connection, ids, starts)
    return {
        row.message_id: row.ordering_key
        for row in rows
        if row.message_id not in kept and row.offset < starts.get((COMMANDS, row.partition), 0)
    }


def forsaken(connection: Connection, going: Mapping[str, str]) -> Sequence[str]:
    """Return the dossiers that have no other message than those that go."""
    ordering_keys = set(going.values())
    wanted = select(_message.message_id, _message.ordering_key).where(
        among(connection, _message.ordering_key, ordering_keys)
    )
    staying = {row.ordering_key for row in connection.execute(wanted) if row.message_id not in going}
    return sorted(ordering_keys - staying)


def purge_messages(connection: Connection, ids: Collection[str], starts: Starts) -> int:
    """Remove messages with everything that is known of them, but for those of which something is owed by now.

    Nobody else changes their lines or events meanwhile.
    """
    partitions = {partition for _, partition in starts}
    take_turns(connection, Turn.LEDGER, partitions)
    lock(connection, partitions)
    going = list(settled(connection, ids, starts))
    for table in _OF_MESSAGES:
        connection.execute(delete(table).where(among(connection, table.c.message_id, going)))
    return len(going)


def purge_inbox(connection: Connection, ids: Collection[str], ends: Ends) -> int:
    """Remove the keys of requests whose messages are final, or never came into the log.

    A repeat is told by its revision from then on, never taken for a new one: the head of its dossier stays. What was
    not seen in the log may lie there unread, so it goes only when the commands were read up to where they ended.
    """
    staying = _undone(connection, ids)
    if not _read_to(connection, ends):
        staying |= _unseen(connection, ids)
    going = [each for each in ids if each not in staying]
    connection.execute(delete(tables.inbox).where(among(connection, _inbox.message_id, going)))
    return len(going)


def purge_audit(connection: Connection, partition: int, start: int, before: datetime, rows_max: int) -> int:
    """Remove the oldest rows of a partition of the audit, up to the first that is younger or still in the log."""
    oldest = select(_audit.offset, _audit.at).where(_audit.partition == partition, _audit.offset < start)
    rows = connection.execute(oldest.order_by(_audit.offset).limit(rows_max)).all()
    young = next((at for at, row in enumerate(rows) if row.at >= before), len(rows))
    if young:
        mine = _audit.partition == partition, _audit.offset <= rows[young - 1].offset
        connection.execute(delete(tables.audit).where(*mine))
    return young


def purge_tombstones(connection: Connection, partition: int, start: int, rows_max: int) -> int:
    """Remove tombstones of the parking place whose records the log has let go."""
    wanted = select(_parked.message_id, _parked.operation, _parked.part).where(
        _parked.partition == partition, _parked.offset < start, _parked.settled
    )
    rows = connection.execute(wanted.limit(rows_max)).all()
    if rows:
        ids = [tuple(row) for row in rows]
        id_ = tuple_(_parked.message_id, _parked.operation, _parked.part)
        connection.execute(delete(tables.parked).where(_parked.settled, id_.in_(ids)))
    return len(rows)


def _aged(rows: Sequence[Any], before: datetime, rows_max: int) -> Aged:
    old = [row.message_id for row in rows if row.received_at < before]
    return Aged(rows[-1].message_id if len(rows) == rows_max and old else None, old)


def _read_to(connection: Connection, ends: Ends) -> bool:
    """Whether the read models have read the commands up to some ends."""
    to = projection.ends(connection)
    return all(to.get(place, 0) >= end for place, end in ends.items() if place[0] == COMMANDS)


def _unseen(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return those of the requests that were not seen in the log."""
    mine = among(connection, _inbox.message_id, ids)
    return {*connection.scalars(select(_inbox.message_id).where(mine, ~_inbox.accepted))}


def _undone(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return those of the messages of which something is owed, in the ledger or in the parking place."""
    mine = among(connection, _delivery.message_id, ids)
    open_ = select(_delivery.message_id).where(mine, or_(tables.OPEN, tables.DEAD))
    rows = select(_parked.message_id).where(among(connection, _parked.message_id, ids), ~_parked.settled)
    return {*connection.scalars(open_), *connection.scalars(rows)}


def _in_log(connection: Connection, ids: Collection[str], starts: Starts) -> set[str]:
    """Return those of the messages of which the log holds a later record, or an outcome."""
    lines = select(_delivery.message_id, _delivery.source_partition, _delivery.source_offset)
    hops = select(_hop.message_id, _hop.partition, _hop.offset)
    held: set[str] = set()
    for topic, wanted, table in ((COMMANDS, lines, tables.delivery), (OUTCOMES, hops, tables.hop)):
        rows = connection.execute(wanted.where(among(connection, table.c.message_id, ids)))
        held |= {message_id for message_id, partition, offset in rows if offset >= starts.get((topic, partition), 0)}
    return held
