"""Data keys: wrapped, nowhere in clear, and gone from the file when they are destroyed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select

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


async def test_nothing_in_clear(database: SqliteDatabase, tmp_path: Path) -> None:
    """The file holds neither the key, nor the master key, nor the name of the subject."""
    _, key = await (await SqlKeys.open(database, MASTER)).key_for(DOSSIER)
    await database.aclose()

    content = (tmp_path / "keys.db").read_bytes()
    assert [False] * 3 == [secret in content for secret in (key, MASTER, DOSSIER.encode())]
    assert MasterKey(MASTER).subject(DOSSIER) in content


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


def test_lru() -> None:
    """The entry that was not used for the longest time goes first."""
    lru: Lru[str, int] = Lru(2)
    lru.put("a", 1)
    lru.put("b", 2)
    lru.get("a")
    lru.put("c", 3)

    assert [1, None, 3] == [lru.get(name) for name in "abc"]
