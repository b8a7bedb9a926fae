"""The alarms that stand, on both homes of the store."""

import asyncio
from datetime import UTC, datetime, timedelta

from hub.store.alarms import SqlAlarms
from hub.store.database import Database
from tests.contracts.either_store import database, kind, new_database, postgres, postgres_migrated

__all__ = ["database", "kind", "new_database", "postgres", "postgres_migrated"]

T0 = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


async def test_the_store_tells_one_of_all(database: Database) -> None:
    """Whoever raises what stands, or ends what does not, is told that it was not him."""
    alarms = SqlAlarms(database)
    raised = [await alarms.begin("refused_us", "portal", T0 + timedelta(seconds=each)) for each in range(2)]
    stood = await alarms.standing("refused_us")
    ended = [await alarms.end("refused_us", "portal") for _ in range(2)]

    assert ([True, False], {"portal"}, [True, False]) == (raised, stood, ended)
    assert not await alarms.standing("refused_us")


async def test_kinds_and_platforms_stand_apart(database: Database) -> None:
    """What ends one alarm ends no other."""
    alarms = SqlAlarms(database)
    for kind_of, platform in (("refused_us", "portal"), ("refused_us", "emc"), ("other", "portal")):
        assert await alarms.begin(kind_of, platform, T0)

    assert await alarms.end("refused_us", "portal")
    assert ({"emc"}, {"portal"}) == (await alarms.standing("refused_us"), await alarms.standing("other"))


async def test_of_many_at_once_one_raises_and_one_ends(database: Database) -> None:
    """Also when they ask in the same moment."""
    alarms = SqlAlarms(database)

    assert 1 == sum(await asyncio.gather(*(alarms.begin("refused_us", "portal", T0) for _ in range(20))))
    assert 1 == sum(await asyncio.gather(*(alarms.end("refused_us", "portal") for _ in range(20))))
