"""Log and store know each other again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.app.kinship import Kinship, strangers
from hub.errors import ConfigInvalid
from hub.log.memory import MemoryLog
from hub.store.kinship import Pulse, SqlKinship
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from hub.store.tables import kinship as kinship_table
from schemas.topics import CONTROL
from tests.clock import ManualClock


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlKinship]:
    """The kinship of a fresh store."""
    database = await SqliteDatabase.open(tmp_path / "store.db", STORE)
    yield SqlKinship(database)
    await database.aclose()


@pytest.mark.parametrize(
    ("number", "heard", "reason"),
    [
        (0, {}, None),
        (7, {}, None),
        (0, {"other": 9}, None),
        (7, {"other": 9}, "never met"),
        (7, {"mine": 7}, None),
        (8, {"mine": 7, "other": 99}, None),
        (57, {"mine": 7}, None),
        (58, {"mine": 7}, "log is an older copy"),
        (6, {"mine": 7}, "store is an older copy"),
    ],
)
def test_who_belongs_together(number: int, heard: dict[str, int], reason: str | None) -> None:
    """A store behind its log, or far ahead of it, is a copy of another day; a fresh store is nobody's copy."""
    told = strangers(Pulse("mine", number), heard)

    assert told is None if reason is None else reason in str(told)


async def test_a_beat_is_heard(store: SqlKinship) -> None:
    """What beats into a log belongs to it, and goes on doing so with each start."""
    kinship = Kinship(MemoryLog({CONTROL: 3}, ManualClock()), store, ManualClock())
    await kinship.adopt()
    await kinship.require()
    await kinship.adopt()
    await kinship.require()

    assert 2 == (await store.last()).number


async def test_an_older_copy_is_refused_until_it_is_adopted(store: SqlKinship, tmp_path: Path) -> None:
    """The log remembers a beat that the copy does not; adopting it ends that."""
    log = MemoryLog({CONTROL: 3}, ManualClock())
    first = await store.beat()
    beaten = Kinship(log, store, ManualClock())
    await beaten.adopt()
    copy_database = await SqliteDatabase.open(tmp_path / "copy.db", STORE)
    copy = SqlKinship(copy_database)
    await copy_database.write(
        lambda connection: connection.execute(
            kinship_table.insert().values(store_id=first.store_id, pulse=first.number)
        ).close()
    )
    kinship = Kinship(log, copy, ManualClock())

    with pytest.raises(ConfigInvalid, match="Restore log, store and keys from the same copy"):
        await kinship.require()

    await kinship.adopt()
    await kinship.require()
    await copy_database.aclose()


async def test_another_log_is_refused(store: SqlKinship, tmp_path: Path) -> None:
    """A store that has beaten into one log is no store for another that other stores beat into."""
    await Kinship(MemoryLog({CONTROL: 3}, ManualClock()), store, ManualClock()).adopt()
    other = MemoryLog({CONTROL: 3}, ManualClock())
    database = await SqliteDatabase.open(tmp_path / "other.db", STORE)
    await Kinship(other, SqlKinship(database), ManualClock()).adopt()

    with pytest.raises(ConfigInvalid, match="never met"):
        await Kinship(other, store, ManualClock()).require()
    await database.aclose()
