"""What the projection writes, row by row, on both homes of the store."""

from sqlalchemy import select

from hub.store import tables
from hub.store.database import Database
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.timeline import HOPS_MAX, MESSAGES_MAX
from schemas.envelope import Envelope
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated
from tests.contracts.store_suite import DOSSIER, T0, audited, command, outcome, project

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]


async def test_audit(database: Database) -> None:
    """Each record of the audit is one row, once, with every field."""
    projection = SqlProjection(database)
    records = [audited(0), audited(1, request_id="r2", result="one", duration_ms=12)]
    await project(projection, *records)
    await project(projection, *records)

    rows = await database.read(lambda connection: connection.execute(select(tables.audit)).all())

    assert [(0, 0, "asked", "r1", "", 0), (0, 1, "asked", "r2", "one", 12)] == [
        (row.partition, row.offset, row.event, row.request_id, row.result, row.duration_ms) for row in rows
    ]
    assert (
        T0,
        "H56.14",
        "mot-cua",
        "canbo01",
        "citizen",
        "1.001193",
        "1.001193",
        DOSSIER,
        "digest",
        "population",
    ) == tuple(rows[0])[4:14]


async def test_ends(database: Database) -> None:
    """The ends of all projected partitions are told, so that a log that is older is noticed."""
    projection = SqlProjection(database)
    await project(projection, command(4))
    await project(projection, outcome(7, partition=3))

    assert {("hub.commands", 0): 5, ("hub.outcomes", 3): 8} == await projection.ends()


async def test_reasons_stay_sealed(database: Database) -> None:
    """A hop keeps the whole envelope of what the platform said, and nothing where it said nothing."""
    told = outcome(1, said=b"sealed bytes")
    await project(SqlProjection(database), outcome(0), told)

    rows = await database.read(lambda connection: connection.execute(select(tables.hop.c.sealed)).scalars().all())

    assert [None, told.record.value] == rows
    assert b"sealed bytes" == Envelope.from_bytes(told.record.value).body


async def test_without_unseal(database: Database) -> None:
    """Read models that cannot unseal tell no reasons."""
    await project(SqlProjection(database), command(0))
    await project(SqlProjection(database), outcome(0, said=b"sealed bytes"))

    timeline = await SqlReadModels(database).timeline(DOSSIER)

    assert timeline is not None
    assert [None, None] == [hop.reason for hop in timeline.messages[0].hops]


async def test_timeline_is_bounded(database: Database) -> None:
    """A timeline tells the newest messages and hops, up to a bound."""
    await project(SqlProjection(database), *(command(n, f"m{n}") for n in range(MESSAGES_MAX + 2)))
    await project(SqlProjection(database), *(outcome(n, "m5") for n in range(HOPS_MAX + 3)))

    timeline = await SqlReadModels(database).timeline(DOSSIER)

    assert timeline is not None
    assert (MESSAGES_MAX, "m2") == (len(timeline.messages), timeline.messages[0].message_id)
    hops = timeline.messages[3].hops
    assert (1 + HOPS_MAX, "accepted", 3) == (len(hops), hops[0].event, (hops[1].at - T0).total_seconds() / 60)
