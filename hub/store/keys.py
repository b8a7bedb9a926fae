"""The data keys, one per subject, in a file of their own: who deletes a key has erased what it sealed."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from hub.errors import ConfigInvalid, Unsealable
from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import Turn, among, overwrite_what_goes, take_turns
from hub.store.gathering import Gathering
from hub.store.lru import Lru
from hub.store.wrapping import MasterKey, fresh_key, nobody

_data_key = tables.data_key.c


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One wrapped data key; the columns of the table `data_key`."""

    key_id: str
    subject: bytes
    master_key_id: str
    wrapped: bytes
    destroyed_at: datetime | None = None


class SqlKeys:
    """The `Keys` port. Made by `open`. Unwrapped keys are remembered, `cached_max` of them."""

    def __init__(self, database: Database, master: MasterKey, *, cached_max: int = 100_000) -> None:
        self._database = database
        self._master = master
        self._offers = Gathering(database, keep)
        self._searches = Gathering(database, find, reads=True)
        self._by_subject: Lru[str, tuple[str, bytes]] = Lru(cached_max)
        self._by_id: Lru[str, bytes] = Lru(cached_max)

    @classmethod
    async def open(cls, database: Database, master_key: bytes, *, cached_max: int = 100_000) -> "SqlKeys":
        """Return the keys, after a check that this master key wraps them. ConfigInvalid when another one does."""
        master = MasterKey(master_key)
        await database.write(lambda connection: know_master(connection, master.id))
        return cls(database, master, cached_max=cached_max)

    async def key_for(self, subject: str) -> tuple[str, bytes]:
        """See `Keys.key_for`. Errors: Unavailable, WriteInDoubt, Overloaded, Unsealable."""
        known = self._by_subject.get(subject)
        if known is None:
            row = await self._offers.ask(self._offer(subject))
            known = (row.key_id, self._unwrapped(row))
            self._by_subject.put(subject, known)
        return known

    async def key(self, key_id: str) -> bytes:
        """See `Keys.key`. Errors: Unavailable, Overloaded, Unsealable."""
        known = self._by_id.get(key_id)
        if known is not None:
            return known
        row = await self._searches.ask(key_id)
        if row is None:
            raise Unsealable(f"no data key {key_id}")
        return self._unwrapped(row)

    async def unknown(self, key_ids: Collection[str]) -> Sequence[str]:
        """Return those that were never made here; a destroyed one was. Errors: Unavailable, Overloaded."""
        asked = sorted(key_ids)
        rows = await self._database.read(lambda connection: find(connection, asked)) if asked else ()
        return [key_id for key_id, row in zip(asked, rows, strict=True) if row is None]

    async def write_off(self, key_ids: Collection[str], now: datetime) -> None:
        """Note keys that were lost as destroyed ones: what they sealed stays closed. Errors: Unavailable, WriteInDoubt.

        One that is there after all stays as it is.
        """
        lost = [KeyRow(key_id, nobody(), self._master.id, b"", now) for key_id in sorted(key_ids)]
        if lost:
            await self._database.write(lambda connection: note_lost(connection, lost))

    async def destroy(self, subject: str, now: datetime) -> str | None:
        """Destroy the key of a subject and return its id; None when it has none. What it sealed is erased by that.

        The subject gets another key when `key_for` is asked next. Other processes may remember the old one: destroy the
        key of a subject only when nobody has used it for longer than a process lives.
        Errors: Unavailable, WriteInDoubt, Overloaded.
        """
        key_id = await self._database.write(lambda it: destroy(it, self._master.subject(subject), now))
        self._by_subject.drop(subject)
        if key_id is not None:
            self._by_id.drop(key_id)
        return key_id

    def _offer(self, subject: str) -> KeyRow:
        """Return a fresh key for the subject, which counts when it has none yet."""
        key_id = secrets.token_hex(12)
        hidden = self._master.subject(subject)
        return KeyRow(key_id, hidden, self._master.id, self._master.wrap(key_id, hidden, fresh_key()))

    def _unwrapped(self, row: KeyRow) -> bytes:
        if row.destroyed_at is not None:
            raise Unsealable(f"data key {row.key_id} was destroyed")
        key = self._master.unwrap(row.key_id, row.subject, row.wrapped)
        self._by_id.put(row.key_id, key)
        return key


def know_master(connection: Connection, master_key_id: str) -> None:
    """Note the master key of a fresh key store. ConfigInvalid when its keys are wrapped by another one."""
    take_turns(connection, Turn.MASTER_KEY)
    known = connection.scalars(select(tables.master_key.c.id)).all()
    if not known:
        connection.execute(insert(tables.master_key), {"id": master_key_id})
    elif master_key_id not in known:
        raise ConfigInvalid(
            f"the master key ({master_key_id}) is not the one that wraps the data keys ({', '.join(known)}): "
            "put the right master key in its place, or restore the key store that belongs to this one"
        )


def keep(connection: Connection, offers: Sequence[KeyRow]) -> Sequence[KeyRow]:
    """Return the key of each subject; a subject without one gets one that is offered for it.

    Of two processes that offer a first key the database refuses one, which then runs again and finds the other's.
    """
    wanted = among(connection, _data_key.subject, {offer.subject for offer in offers})
    kept = {row.subject: _key_row(row) for row in connection.execute(select(tables.data_key).where(wanted))}
    fresh = {offer.subject: offer for offer in offers if offer.subject not in kept}
    if fresh:
        connection.execute(insert(tables.data_key), [_columns(fresh[subject]) for subject in sorted(fresh)])
    kept |= fresh
    return [kept[offer.subject] for offer in offers]


def destroy(connection: Connection, subject: bytes, now: datetime) -> str | None:
    """Overwrite the key of a subject. The row stays and tells when, but not any more whose key it was."""
    mine = _data_key.subject == subject
    key_id = connection.scalar(select(_data_key.key_id).where(mine).with_for_update())
    if key_id is None:
        return None
    overwrite_what_goes(connection)
    gone = update(tables.data_key).where(_data_key.key_id == key_id)
    connection.execute(gone.values(subject=nobody(), wrapped=b"", destroyed_at=now))
    return str(key_id)


def note_lost(connection: Connection, lost: Sequence[KeyRow]) -> None:
    """Insert rows of keys that nobody has any more, but for those that are there."""
    there = find(connection, [row.key_id for row in lost])
    fresh = [_columns(row) for row, known in zip(lost, there, strict=True) if known is None]
    if fresh:
        connection.execute(insert(tables.data_key), fresh)


def find(connection: Connection, key_ids: Sequence[str]) -> Sequence[KeyRow | None]:
    """Return each key by its id; None for one that is not there."""
    wanted = select(tables.data_key).where(among(connection, _data_key.key_id, set(key_ids)))
    found = {row.key_id: _key_row(row) for row in connection.execute(wanted)}
    return [found.get(key_id) for key_id in key_ids]


def _key_row(row: Row[Any]) -> KeyRow:
    return KeyRow(row.key_id, row.subject, row.master_key_id, row.wrapped, row.destroyed_at)


def _columns(row: KeyRow) -> dict[str, Any]:
    return {
        "key_id": row.key_id,
        "subject": row.subject,
        "master_key_id": row.master_key_id,
        "wrapped": row.wrapped,
        "destroyed_at": row.destroyed_at,
    }
