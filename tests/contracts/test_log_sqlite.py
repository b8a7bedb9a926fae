"""The log on SQLite keeps the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.log import SqliteLog
from hub.ports import Log
from tests.contracts.log_suite import Bench, DurableLogContract

TOPICS = {"commands": 4, "audit": 2}


class TestSqliteLog(DurableLogContract):
    """The suite, on SQLite."""

    limits = SqliteLimits(record_bytes_max=1_000_000)

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        """Build a log in a folder of its own."""
        path = tmp_path / "log.db"

        async def reopen() -> Log:
            await bench.log.aclose()
            return await SqliteLog.open(path, TOPICS, SystemClock(), self.limits)

        log = await SqliteLog.open(path, TOPICS, SystemClock(), self.limits)
        bench = Bench(log, "commands", "audit", 1_000_000, reopen)
        yield bench
        await bench.log.aclose()


class TestSqliteLogFromDisk(TestSqliteLog):
    """The suite with nothing kept in memory, batches of three records, and reads of a few records."""

    limits = SqliteLimits(
        record_bytes_max=1_000_000, tail_bytes_max=0, batch_records_max=3, read_bytes_max=300, wal_pages_max=4
    )
