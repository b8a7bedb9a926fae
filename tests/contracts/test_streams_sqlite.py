"""Stream processing over the log and the store on SQLite."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.log.sqlite.log import SqliteLog
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import STORE
from hub.streams.engine import LogEngine
from tests.contracts.streams_suite import PARTITIONS, TOPICS, Hub, StreamsSuite, lived


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
    grown = await lived(hub, await SqliteDatabase.open(tmp_path / "grown.db", STORE), dossiers=(20, 1, 30))
    made = await lived(hub, await SqliteDatabase.open(tmp_path / "made.db", STORE))

    assert 51 == len(grown["message"])
    assert grown == made
