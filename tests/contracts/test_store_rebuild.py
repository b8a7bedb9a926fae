"""What a store says of a log does not depend on when it heard of it: rebuilt read models equal the live ones."""

from pathlib import Path

import pytest
from sqlalchemy import select

from hub.errors import HubFault
from hub.ports import ProjectedBatch
from hub.store import tables
from hub.store.database import Database
from hub.store.image import image
from hub.store.projection import SqlProjection
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated
from tests.contracts.rebuilding import from_scratch, live, random_log, rebuilt
from tests.contracts.store_suite import COMMANDS, command

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]


@pytest.mark.parametrize("seed", range(3))
async def test_rebuilt_equals_live(database: Database, tmp_path: Path, seed: int) -> None:
    """After random batches and requests, reading the log again from its start gives the same rows."""
    log = random_log(seed)

    lived = await live(database, log, seed)

    assert lived == await rebuilt(database, log)
    assert [60, 45, 5] == [len(lived["hop"]), sum(end for topic, _, end in lived["projection"] if topic == COMMANDS), 5]


@pytest.mark.parametrize("seed", range(2))
async def test_both_databases_agree(database: Database, tmp_path: Path, seed: int) -> None:
    """A store of either kind says the same of one log as a fresh SQLite store that reads it in one go."""
    log = random_log(seed)
    fresh = await SqliteDatabase.open(tmp_path / "fresh.db", STORE)

    lived, scratch = await live(database, log, seed), await from_scratch(fresh, log)
    await fresh.aclose()

    # Requests that were reserved are no matter of the log: a fresh store has none.
    assert {**scratch, "inbox": lived["inbox"]} == lived


async def test_image_sees_a_difference(database: Database) -> None:
    """One row that is off by one shows in the image."""
    await live(database, random_log(0), 0)
    before = await database.read(image)
    await database.write(lambda connection: connection.execute(tables.tally.update().values(amount=9)))

    after = await database.read(image)

    assert ["tally"] == [name for name in before if before[name] != after[name]]


async def test_reset(database: Database) -> None:
    """Nothing of the log is left but what requests need: heads of dossiers, and what the inbox knows as accepted."""
    lived = await live(database, random_log(0), 0)
    await SqlProjection(database).reset()

    after = await database.read(image)

    assert {"dossier", "inbox"} == {name for name, rows in after.items() if rows}
    assert (lived["dossier"], lived["inbox"]) == (after["dossier"], after["inbox"])


async def test_stale_batch_after_reset(database: Database) -> None:
    """Who did not hear of the reset and applies its next batch is refused: no hole."""
    projection = SqlProjection(database)
    await projection.apply(COMMANDS, {0: ProjectedBatch([command(0)], 1, 0)})
    await projection.reset()

    with pytest.raises(HubFault, match="a batch from 1, where 0 is wanted next"):
        await projection.apply(COMMANDS, {0: ProjectedBatch([command(1, "m2")], 2, 1)})
    assert [] == await database.read(lambda connection: connection.execute(select(tables.message)).all())
