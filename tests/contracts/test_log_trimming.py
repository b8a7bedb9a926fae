"""The embedded logs let go of old records as the contract says."""

import asyncio
import itertools
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.clock import SystemClock
from hub.log.memory import MemoryLog
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.log import SqliteLog
from hub.ports import Log, Trimming
from tests.contracts.log_suite import Bench, read_all
from tests.contracts.trimming_suite import DurableTrimmingContract, TrimmingContract

TOPICS = {"commands": 4, "audit": 2}


class TestMemoryLog(TrimmingContract):
    """The suite, in memory."""

    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        """Build a log in memory."""
        log = MemoryLog(TOPICS, SystemClock(), record_bytes_max=1_000_000)
        yield Bench(log, "commands", "audit", 1_000_000)
        await log.aclose()

    @pytest.fixture
    async def trimming(self, bench: Bench) -> Trimming:
        """Return the log itself."""
        assert isinstance(bench.log, MemoryLog)
        return bench.log


class TestSqliteLog(DurableTrimmingContract):
    """The suite, on SQLite."""

    limits = SqliteLimits(record_bytes_max=1_000_000, trim_pause_s=0.001)

    @pytest.fixture
    async def bench(self, tmp_path: Path) -> AsyncIterator[Bench]:
        """Build a log in a folder of its own."""
        path = tmp_path / "log.db"

        async def reopen() -> Log:
            await bench.log.aclose()
            return await SqliteLog.open(path, TOPICS, SystemClock(), self.limits)

        bench = Bench(
            await SqliteLog.open(path, TOPICS, SystemClock(), self.limits), "commands", "audit", 1_000_000, reopen
        )
        yield bench
        await bench.log.aclose()

    @pytest.fixture
    async def trimming(self, bench: Bench) -> Trimming:
        """Return the log itself."""
        assert isinstance(bench.log, SqliteLog)
        return bench.log


class TestSqliteLogFromDisk(TestSqliteLog):
    """The suite with nothing kept in memory, and two records or forty bytes in a transaction."""

    limits = SqliteLimits(
        record_bytes_max=1_000_000,
        tail_bytes_max=0,
        batch_records_max=3,
        wal_pages_max=4,
        trim_records_max=2,
        trim_bytes_max=40,
        trim_pause_s=0.001,
    )


async def test_freed_pages_are_used_again(tmp_path: Path) -> None:
    """A log that is trimmed as fast as it grows keeps its size, and its write-ahead file stays small."""
    path = tmp_path / "log.db"
    limits = SqliteLimits(trim_pause_s=0, wal_pages_max=100)
    log = await SqliteLog.open(path, {"t": 1}, SystemClock(), limits)
    sizes, wals = [], []
    for _ in range(8):
        for _ in range(4):
            await asyncio.gather(*(log.append("t", b"key", bytes(3000)) for _ in range(100)))
        bounds = await log.bounds("t", 0)
        await log.trim("t", 0, bounds.end - 100)
        sizes.append(path.stat().st_size)
        wals.append(path.with_name("log.db-wal").stat().st_size)
    await log.aclose()

    assert max(sizes[4:]) <= 1.1 * sizes[2]
    assert 8 * 400 * 3000 > 3 * path.stat().st_size
    assert 4_000_000 > max(wals)


async def test_large_records_go_a_few_at_a_time(tmp_path: Path) -> None:
    """What one transaction removes is bounded by its weight, too: appends do not wait for megabytes."""
    limits = SqliteLimits(trim_records_max=100, trim_bytes_max=1_000_000, trim_pause_s=0.001)
    log = await SqliteLog.open(tmp_path / "log.db", {"t": 1}, SystemClock(), limits)
    for _ in range(8):
        await log.append("t", b"key", bytes(600_000))
    trimming = asyncio.create_task(log.trim("t", 0, 8))
    starts = set()
    while not trimming.done():
        starts.add((await log.bounds("t", 0)).start)
        await asyncio.sleep(0)
    await log.aclose()

    assert {0, 2, 4, 6, 8} == starts | {await trimming}


_WORK = """
import asyncio, itertools, pathlib, sys
from hub.clock import SystemClock
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.log import SqliteLog

async def append(log):
    for number in itertools.count():
        position = await log.append("t", b"key", b"%d" % number)
        print("end", position.offset + 1, flush=True)

async def trim(log):
    for before in itertools.count(50, 50):
        while (await log.bounds("t", 0)).end < before + 50:
            await asyncio.sleep(0.001)
        print("start", await log.trim("t", 0, before), flush=True)

async def main():
    limits = SqliteLimits(trim_records_max=7, trim_pause_s=0)
    log = await SqliteLog.open(pathlib.Path(sys.argv[1]), {"t": 1}, SystemClock(), limits)
    await asyncio.gather(append(log), trim(log))

asyncio.run(main())
"""


async def test_a_process_killed_while_it_trims_leaves_a_sound_log(tmp_path: Path) -> None:
    """What it said is gone is gone, what it appended is there, and between start and end nothing is missing."""
    path = tmp_path / "log.db"
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", _WORK, str(path), stdout=subprocess.PIPE)
    assert worker.stdout is not None
    lines = [await worker.stdout.readline() for _ in range(700)]
    worker.kill()
    lines += (await worker.stdout.read()).splitlines(keepends=True)
    await worker.wait()

    log = await SqliteLog.open(path, {"t": 1}, SystemClock())
    bounds, records = await log.bounds("t", 0), await read_all(log, "t", 0)
    await log.aclose()

    told = [line.split() for line in lines if line.endswith(b"\n")]
    start = max(int(number) for word, number in told if word == b"start")
    end = max(int(number) for word, number in told if word == b"end")
    assert 300 <= start <= bounds.start
    assert end <= bounds.end
    assert list(range(bounds.start, bounds.end)) == [record.offset for record in records]


async def test_appends_hardly_wait_for_a_trim(tmp_path: Path) -> None:
    """While ten thousand records go, an append takes no longer than a fraction of a second at worst."""
    log = await SqliteLog.open(tmp_path / "log.db", {"t": 2}, SystemClock())
    key = next(b"%d" % n for n in itertools.count() if log.partition_of("t", b"%d" % n) == 0)
    for _ in range(20):
        await asyncio.gather(*(log.append("t", key, bytes(1000)) for _ in range(500)))
    trimming = asyncio.create_task(log.trim("t", 0, 10_000))
    took_s = []
    while not trimming.done():
        began_s = time.monotonic()
        await log.append("t", b"other", bytes(1000))
        took_s.append(time.monotonic() - began_s)
    await log.aclose()

    assert 10_000 == await trimming
    assert 50 <= len(took_s)
    assert 0.25 > sorted(took_s)[len(took_s) * 99 // 100]
