"""The inbox: recognises a repeated request by (sender, key) and keeps the head of every dossier."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from hmac import compare_digest
from typing import Any

from sqlalchemy import Connection, Row, Select, select, true, update

from hub.ports import Reservation, ReservationState, Reserved
from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import ConflictInsert, among_bound, conflict_insert, execute_many
from hub.store.gathering import Gathering

_Key = tuple[str, str]

_inbox = tables.inbox.c

# Two lists and not one of pairs, which SQLite would answer by reading the whole table.
_KNOWN = select(tables.inbox).where(among_bound(_inbox.sender, "senders"), among_bound(_inbox.key, "keys"))
_ACCEPT = update(tables.inbox).where(among_bound(_inbox.message_id, "ids")).values(accepted=true())
_HEADS = select(tables.dossier).where(among_bound(tables.dossier.c.ordering_key, "ordering_keys"))
_HEADS_LOCKED = _HEADS.order_by(tables.dossier.c.ordering_key).with_for_update()


class SqlInbox:
    """The `Inbox` port. Concurrent reservations share transactions and statements."""

    def __init__(self, database: Database, *, reservations_pending_max: int = 10_000) -> None:
        self._reservations = Gathering(database, reserve, pending_max=reservations_pending_max)

    async def reserve(self, reservation: Reservation) -> Reserved:
        """See `Inbox.reserve`. Errors: Unavailable, WriteInDoubt, Overloaded."""
        return await self._reservations.ask(reservation)


def reserve(connection: Connection, reservations: Sequence[Reservation]) -> Sequence[Reserved]:
    """Answer each reservation as if they had come one after the other, and write what is new.

    The heads are locked before anything else is read: who holds a dossier's head decides about it. A dossier without
    a head cannot be locked; of two processes that enter its first message the database refuses one, which then runs
    again and sees what the other did.
    """
    heads = locked_heads(connection, {reservation.ordering_key for reservation in reservations})
    locked = set(heads)
    known = _known(connection, reservations)
    heads |= dossier_heads(connection, {first.ordering_key for first in known.values()} - locked)
    desk = _Desk(known, heads)
    answers = [desk.answer(reservation) for reservation in reservations]
    if desk.fresh:
        fresh = sorted(desk.fresh, key=lambda reservation: (reservation.sender, reservation.key))
        execute_many(connection, conflict_insert(connection, tables.inbox), map(_row, fresh))
        raise_heads(connection, desk.raised, locked)
    return answers


def accept(connection: Connection, message_ids: Iterable[str]) -> None:
    """Note that the messages were seen in the log."""
    ids = list(message_ids)
    if ids:
        connection.execute(_ACCEPT, {"ids": ids})


def dossier_heads(connection: Connection, ordering_keys: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return (code as given, highest revision) of the dossiers that are known."""
    return _heads(connection, _HEADS, ordering_keys)


def locked_heads(connection: Connection, ordering_keys: Iterable[str]) -> dict[str, tuple[str, int]]:
    """Return the same; nobody else raises these until the end of the transaction. They are locked in one order."""
    return _heads(connection, _HEADS_LOCKED, ordering_keys)


def raise_heads(connection: Connection, heads: Mapping[str, tuple[str, int]], locked: Collection[str]) -> None:
    """Write heads; the first spelling of a dossier stays. The revisions given are higher than the stored ones.

    A head that is not among the `locked` ones must not be there: the database refuses it when it is.
    """
    entering = conflict_insert(connection, tables.dossier)
    rows = [(ordering_key, code, revision) for ordering_key, (code, revision) in sorted(heads.items())]
    execute_many(connection, _raising(entering), [row for row in rows if row[0] in locked])
    execute_many(connection, entering, [row for row in rows if row[0] not in locked])


@lru_cache(maxsize=8)
def _raising(entering: ConflictInsert) -> ConflictInsert:
    revision = {"revision": entering.excluded.revision}
    return entering.on_conflict_do_update(index_elements=["ordering_key"], set_=revision)


class _Desk:
    """Decides reservation after reservation, remembering what the earlier ones of the group did."""

    def __init__(self, known: dict[_Key, Row[Any] | Reservation], heads: dict[str, tuple[str, int]]) -> None:
        self._known = known
        self._heads = heads
        self.fresh: list[Reservation] = []
        self.raised: dict[str, tuple[str, int]] = {}

    def answer(self, asked: Reservation) -> Reserved:
        """Decide one reservation."""
        first = self._known.get((asked.sender, asked.key))
        if first is not None:
            return self._repeat(asked, first)
        code_as_given, revision = self._heads.get(asked.ordering_key, (asked.code_as_given, 0))
        if revision >= asked.revision:
            return _said(ReservationState.REVISION_BACKWARDS, asked, code_as_given)
        self._take(asked, code_as_given)
        return _said(ReservationState.NEW, asked, code_as_given)

    def _repeat(self, asked: Reservation, first: Row[Any] | Reservation) -> Reserved:
        code_as_given, revision = self._heads[first.ordering_key]
        if not compare_digest(first.fingerprint, asked.fingerprint):
            return _said(ReservationState.OTHER_BODY, first, code_as_given)
        if not isinstance(first, Reservation) and first.accepted:
            return _said(ReservationState.ACCEPTED, first, code_as_given)
        overtaken = revision > asked.revision
        return _said(ReservationState.OVERTAKEN if overtaken else ReservationState.RESERVED, first, code_as_given)

    def _take(self, asked: Reservation, code_as_given: str) -> None:
        head = (code_as_given, asked.revision)
        self._known[asked.sender, asked.key] = asked
        self._heads[asked.ordering_key] = self.raised[asked.ordering_key] = head
        self.fresh.append(asked)


def _said(state: ReservationState, first: Row[Any] | Reservation, code_as_given: str) -> Reserved:
    return Reserved(state, first.message_id, first.received_at, code_as_given)


def _known(connection: Connection, reservations: Sequence[Reservation]) -> dict[_Key, Row[Any] | Reservation]:
    """Return what the inbox has of the requests."""
    senders = {reservation.sender for reservation in reservations}
    keys = {reservation.key for reservation in reservations}
    rows = connection.execute(_KNOWN, {"senders": senders, "keys": keys}).all()
    return {(row.sender, row.key): row for row in rows}


def _heads(connection: Connection, wanted: Select[Any], ordering_keys: Iterable[str]) -> dict[str, tuple[str, int]]:
    keys = list(ordering_keys)
    rows = connection.execute(wanted, {"ordering_keys": keys}).all() if keys else ()
    return {ordering_key: (code, revision) for ordering_key, code, revision in rows}


def _row(reservation: Reservation) -> dict[str, Any]:
    return {
        "sender": reservation.sender,
        "key": reservation.key,
        "fingerprint": reservation.fingerprint,
        "message_id": reservation.message_id,
        "ordering_key": reservation.ordering_key,
        "revision": reservation.revision,
        "received_at": reservation.received_at,
        "accepted": False,
    }
