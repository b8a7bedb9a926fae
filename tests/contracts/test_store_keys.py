"""Data keys that outlive a process, on both homes of the store."""

import pytest
from sqlalchemy import update

from hub.errors import ConfigInvalid, Unsealable
from hub.store import tables
from hub.store.database import Database
from hub.store.keys import SqlKeys
from hub.store.wrapping import MasterKey
from tests.contracts.either_store import keys_database, kind, postgres, postgres_migrated
from tests.contracts.store_suite import DOSSIER, T0

__all__ = ["keys_database", "kind", "postgres", "postgres_migrated"]

MASTER = bytes(range(32))


async def test_after_restart(keys_database: Database) -> None:
    """The key of a subject is the same after a restart, by subject and by id."""
    key_id, key = await (await SqlKeys.open(keys_database, MASTER)).key_for(DOSSIER)

    assert key == await (await SqlKeys.open(keys_database, MASTER)).key(key_id)
    assert (key_id, key) == await (await SqlKeys.open(keys_database, MASTER)).key_for(DOSSIER)


async def test_wrong_master_key(keys_database: Database) -> None:
    """Another master key is refused at the start, with its id and the one that was expected."""
    await SqlKeys.open(keys_database, MASTER)

    with pytest.raises(ConfigInvalid, match=f"{MasterKey(bytes(32)).id}.*{MasterKey(MASTER).id}"):
        await SqlKeys.open(keys_database, bytes(32))


async def test_destroyed(keys_database: Database) -> None:
    """A destroyed key opens nothing any more, and its subject gets no other one."""
    key_id, _ = await (await SqlKeys.open(keys_database, MASTER)).key_for(DOSSIER)
    await keys_database.write(
        lambda connection: connection.execute(update(tables.data_key).values(destroyed_at=T0)) and None
    )
    keys = await SqlKeys.open(keys_database, MASTER)

    with pytest.raises(Unsealable, match="was destroyed"):
        await keys.key(key_id)
    with pytest.raises(Unsealable, match="was destroyed"):
        await keys.key_for(DOSSIER)


async def test_moved_to_another_subject(keys_database: Database) -> None:
    """A wrapped key that was put under another subject cannot be unwrapped."""
    key_id, _ = await (await SqlKeys.open(keys_database, MASTER)).key_for(DOSSIER)
    await keys_database.write(
        lambda connection: connection.execute(update(tables.data_key).values(subject=b"x")) and None
    )

    with pytest.raises(Unsealable, match="cannot be unwrapped"):
        await (await SqlKeys.open(keys_database, MASTER)).key(key_id)


async def test_known_subjects_cost_nothing(keys_database: Database) -> None:
    """A key that was used before is answered from memory."""
    keys = await SqlKeys.open(keys_database, MASTER)
    key_id, key = await keys.key_for(DOSSIER)
    await keys_database.aclose()

    assert (key_id, key) == await keys.key_for(DOSSIER)
    assert key == await keys.key(key_id)


async def test_forgotten_keys_are_found_again(keys_database: Database) -> None:
    """With a memory of two keys, a third pushes the first out, and the first is still found."""
    keys = await SqlKeys.open(keys_database, MASTER, cached_max=2)
    found = [await keys.key_for(name) for name in "abc"]

    assert found == [await keys.key_for(name) for name in "abc"]
    assert [key for _, key in found] == [await keys.key(key_id) for key_id, _ in found]


async def test_lost_keys_are_told_and_written_off(keys_database: Database) -> None:
    """What was never made here is unknown, until it is given up; what is there is left as it is."""
    keys = await SqlKeys.open(keys_database, MASTER)
    key_id, key = await keys.key_for(DOSSIER)
    assert ["aa", "bb"] == await keys.unknown(["bb", key_id, "aa"])

    await keys.write_off(["aa", key_id, "bb"], T0)
    await keys.write_off(["bb"], T0)

    assert [] == await keys.unknown(["bb", key_id, "aa"])
    assert key == await (await SqlKeys.open(keys_database, MASTER)).key(key_id)
    with pytest.raises(Unsealable, match="was destroyed"):
        await keys.key("aa")
