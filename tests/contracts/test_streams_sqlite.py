"""Stream processing over the log and the store on SQLite."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from hub.clock import SystemClock
from hub.log.sqlite.log import SqliteLog
from hub.store.projection import SqlProjection
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from hub.streams.engine import LogEngine
from hub.streams.projector import Projector
from hub.streams.streams import Streams
from tests.contracts.streams_suite import PARTITIONS, TOPICS, Hub, StreamsSuite, until


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """A fresh one."""
    log = await SqliteLog.open(tmp_path / "log.db", dict.fromkeys(TOPICS, PARTITIONS), SystemClock())
    yield Hub(log, LogEngine(log))
    await log.aclose()


class TestStreamsSqlite(StreamsSuite):
    """The suite."""


async def test_twenty_starts_and_stops_lose_nothing(hub: Hub) -> None:
    """Wherever the stop comes: in the start, in a batch, in peace."""
    before = asyncio.all_tasks()
    for number in range(20):
        async with hub.running():
            await asyncio.sleep(0.07 * number)
            await hub.add(2)
            await asyncio.sleep(0.02 * (number % 5))
    assert before == asyncio.all_tasks()

    async with hub.running():
        assert await hub.expected() == await hub.settled()


async def test_read_models_made_from_scratch_equal_those_that_grew(hub: Hub, tmp_path: Path) -> None:
    """Row by row, in every table of the store; a count that came back to zero is as good as none."""
    grown, made = tmp_path / "grown.db", tmp_path / "made.db"
    for home in (grown, made):
        if home == grown:
            await _run(hub, home, dossiers=(20, 1, 30))
        else:
            await _run(hub, home, dossiers=())

    assert 51 == len((await _rows(grown))["message"])
    assert await _rows(grown) == await _rows(made)


async def _run(hub: Hub, home: Path, dossiers: tuple[int, ...]) -> None:
    store = await SqliteDatabase.open(home, STORE)
    projector = Projector(hub.log, SqlProjection(store), hub.clock, hub.metrics)
    streams = Streams(
        log=hub.log,
        engine=hub.engine,
        projectors={topic: [projector] for topic in TOPICS},
        clock=hub.clock,
        metrics=hub.metrics,
    )

    async def projected() -> bool:
        return not sum([await projector.lag_records(topic) for topic in TOPICS])

    async with hub.running(streams):
        await hub.ready(streams)
        for some in dossiers:
            await hub.add(some)
            await asyncio.sleep(0.15)
        assert await until(projected)
    await store.aclose()


async def _rows(home: Path) -> dict[str, list[tuple[object, ...]]]:
    def read(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
        rows = {name: [tuple(row) for row in connection.execute(select(table))] for name, table in STORE.tables.items()}
        rows["tally"] = [row for row in rows["tally"] if row[-1]]
        return {name: sorted(each, key=repr) for name, each in rows.items()}

    store = await SqliteDatabase.open(home, STORE)
    try:
        return await store.read(read)
    finally:
        await store.aclose()
