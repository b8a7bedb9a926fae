"""Data keys: wrapped, bound to their subject, and gone when they are destroyed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select, update

from hub.errors import ConfigInvalid, Unsealable
from hub.store import tables
from hub.store.keys import SqlKeys
from hub.store.lru import Lru
from hub.store.sqlite.database import SqliteDatabase
from hub.store.wrapping import MasterKey
from tests.contracts.store_suite import DOSSIER, T0

MASTER = bytes(range(32))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """A fresh keys.db."""
    database = await SqliteDatabase.open(tmp_path / "keys.db", tables.KEYS)
    yield database
    await database.aclose()


async def test_after_restart(database: SqliteDatabase) -> None:
    """The key of a subject is the same after a restart, by subject and by id."""
    key_id, key = await (await SqlKeys.open(database, MASTER)).key_for(DOSSIER)

    assert key == await (await SqlKeys.open(database, MASTER)).key(key_id)
    assert (key_id, key) == await (await SqlKeys.open(database, MASTER)).key_for(DOSSIER)


async def test_nothing_in_clear(database: SqliteDatabase, tmp_path: Path) -> None:
    """The file holds neither the key, nor the master key, nor the name of the subject."""
    _, key = await (await SqlKeys.open(database, MASTER)).key_for(DOSSIER)
    await database.aclose()

    content = (tmp_path / "keys.db").read_bytes()
    assert [False] * 3 == [secret in content for secret in (key, MASTER, DOSSIER.encode())]
    assert MasterKey(MASTER).subject(DOSSIER) in content


async def test_wrong_master_key(database: SqliteDatabase) -> None:
    """Another master key is refused at the start, with its id and the one that was expected."""
    await SqlKeys.open(database, MASTER)

    with pytest.raises(ConfigInvalid, match=f"{MasterKey(bytes(32)).id}.*{MasterKey(MASTER).id}"):
        await SqlKeys.open(database, bytes(32))


async def test_a_destroyed_key_is_nowhere_in_the_file(database: SqliteDatabase, tmp_path: Path) -> None:
    """Neither the wrapped key nor whose it was: both are overwritten, so that a copy of the file holds neither."""
    keys = await SqlKeys.open(database, MASTER)
    key_id, _ = await keys.key_for(DOSSIER)
    wrapped = await database.read(lambda it: it.scalar(select(tables.data_key.c.wrapped)))

    await keys.destroy(DOSSIER, T0)
    await database.aclose()

    content = (tmp_path / "keys.db").read_bytes()
    assert wrapped
    assert [False] * 2 == [secret in content for secret in (wrapped, MasterKey(MASTER).subject(DOSSIER))]
    assert key_id.encode() in content


@pytest.mark.parametrize("bytes_", [b"", bytes(16), bytes(33)])
async def test_master_key_length(database: SqliteDatabase, bytes_: bytes) -> None:
    """A master key has 32 bytes."""
    with pytest.raises(ConfigInvalid, match=f"has {len(bytes_)} bytes instead of 32"):
        await SqlKeys.open(database, bytes_)


async def test_destroyed(database: SqliteDatabase) -> None:
    """A destroyed key opens nothing any more, and its subject gets no other one."""
    key_id, _ = await (await SqlKeys.open(database, MASTER)).key_for(DOSSIER)
    await database.write(
        lambda connection: connection.execute(update(tables.data_key).values(destroyed_at=T0)) and None
    )
    keys = await SqlKeys.open(database, MASTER)

    with pytest.raises(Unsealable, match="was destroyed"):
        await keys.key(key_id)
    with pytest.raises(Unsealable, match="was destroyed"):
        await keys.key_for(DOSSIER)


async def test_moved_to_another_subject(database: SqliteDatabase) -> None:
    """A wrapped key that was put under another subject cannot be unwrapped."""
    key_id, _ = await (await SqlKeys.open(database, MASTER)).key_for(DOSSIER)
    await database.write(lambda connection: connection.execute(update(tables.data_key).values(subject=b"x")) and None)

    with pytest.raises(Unsealable, match="cannot be unwrapped"):
        await (await SqlKeys.open(database, MASTER)).key(key_id)


async def test_changed_bytes() -> None:
    """A wrapped key with one changed bit, or cut short, cannot be unwrapped."""
    master = MasterKey(MASTER)
    wrapped = master.wrap("id", b"subject", bytes(32))

    assert bytes(32) == master.unwrap("id", b"subject", wrapped)
    for broken in (wrapped[:-1] + bytes([wrapped[-1] ^ 1]), wrapped[:20], b""):
        with pytest.raises(Unsealable):
            master.unwrap("id", b"subject", broken)


async def test_many_new_subjects_share_commits(database: SqliteDatabase) -> None:
    """A hundred new subjects at the same time cost two transactions at most, and a row each."""
    keys = await SqlKeys.open(database, MASTER)
    commits: list[Connection] = []
    event.listen(database._writing, "commit", commits.append)
    await asyncio.gather(*(keys.key_for(f"d{n % 100}") for n in range(200)))

    assert len(commits) <= 2
    assert 100 == await database.read(
        lambda connection: connection.scalar(select(func.count(tables.data_key.c.key_id)))
    )


async def test_known_subjects_cost_nothing(database: SqliteDatabase) -> None:
    """A key that was used before is answered from memory."""
    keys = await SqlKeys.open(database, MASTER)
    key_id, key = await keys.key_for(DOSSIER)
    await database.aclose()

    assert (key_id, key) == await keys.key_for(DOSSIER)
    assert key == await keys.key(key_id)


async def test_forgotten_keys_are_found_again(database: SqliteDatabase) -> None:
    """With a memory of two keys, a third pushes the first out, and the first is still found."""
    keys = await SqlKeys.open(database, MASTER, cached_max=2)
    found = [await keys.key_for(name) for name in "abc"]

    assert found == [await keys.key_for(name) for name in "abc"]
    assert [key for _, key in found] == [await keys.key(key_id) for key_id, _ in found]


def test_lru() -> None:
    """The entry that was not used for the longest time goes first."""
    lru: Lru[str, int] = Lru(2)
    lru.put("a", 1)
    lru.put("b", 2)
    lru.get("a")
    lru.put("c", 3)

    assert [1, None, 3] == [lru.get(name) for name in "abc"]
