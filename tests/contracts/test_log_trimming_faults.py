"""A disk that fails while old records go: what is left has no hole, begins where the log says, and goes on."""

import asyncio
from pathlib import Path

import apsw
import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable, WriteInDoubt
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.log import SqliteLog
from tests.contracts.log_disk import Disk, Fault
from tests.contracts.log_suite import read_all

LIMITS = SqliteLimits(wal_pages_max=4, tail_bytes_max=0, trim_records_max=5, trim_pause_s=0)
FAULTS = {
    "full": ("write", apsw.SQLITE_FULL, False),
    "torn-write": ("write", apsw.SQLITE_IOERR_WRITE, True),
    "sync": ("sync", apsw.SQLITE_IOERR_FSYNC, False),
}


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside-appends"])
@pytest.mark.parametrize("name", FAULTS)
async def test_the_nth_operation_of_a_trim_fails(tmp_path: Path, name: str, *, beside: bool) -> None:
    """For N = 1, 2, 3, ...: start and records agree, live and after a restart, and the next trim goes on."""
    kind, code, torn = FAULTS[name]
    fired = 0
    while True:
        path, disk = tmp_path / f"{fired}.db", Disk()
        log = await SqliteLog.open(path, {"t": 1}, SystemClock(), LIMITS, vfs=disk.name)
        await asyncio.gather(*(log.append("t", b"key", bytes(900)) for _ in range(20)))
        fault = disk.fault = Fault(kind, fired + 1, code, lasting=False, torn=torn)
        await _trim(log, 12, beside=beside)
        disk.fault = None
        if not fault.fired:
            await log.aclose()
            break
        fired += 1
        live = await _sound(log)
        await log.aclose()
        log = await SqliteLog.open(path, {"t": 1}, SystemClock(), LIMITS)
        assert live == await _sound(log)
        assert 16 == await log.trim("t", 0, 16)
        await _sound(log)
        await log.aclose()

    assert fired >= 4


async def _trim(log: SqliteLog, before: int, *, beside: bool) -> None:
    """Trim, with appends at the same time; what fails may fail."""
    appends = [log.append("t", b"key", b"beside") for _ in range(3)] if beside else []
    for outcome in await asyncio.gather(log.trim("t", 0, before), *appends, return_exceptions=True):
        assert not isinstance(outcome, BaseException) or isinstance(outcome, Unavailable | WriteInDoubt)


async def _sound(log: SqliteLog) -> tuple[int, int]:
    """Check that the log holds exactly what it says it holds, and return its bounds."""
    bounds = await log.bounds("t", 0)
    assert list(range(bounds.start, bounds.end)) == [record.offset for record in await read_all(log, "t", 0)]
    return bounds.start, bounds.end
