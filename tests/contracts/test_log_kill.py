"""A process that is killed in the middle of its work leaves a log that opens at once and holds what it acknowledged."""

import asyncio
import subprocess
import sys
from pathlib import Path

from hub.clock import SystemClock
from hub.log.sqlite.log import SqliteLog
from tests.contracts.log_suite import read_all

_WORK = """
import asyncio, itertools, pathlib, sys
from hub.clock import SystemClock
from hub.log.sqlite.log import SqliteLog

async def append(log, task):
    for number in itertools.count():
        value = f"{task}-{number}"
        position = await log.append("commands", value.encode(), value.encode() * 50)
        print(position.partition, position.offset, value, flush=True)

async def main():
    log = await SqliteLog.open(pathlib.Path(sys.argv[1]), {"commands": 4}, SystemClock())
    await asyncio.gather(*(append(log, task) for task in range(16)))

asyncio.run(main())
"""


async def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    """Every acknowledgement that left the process is in the log, the lock is free, and offsets have no gap."""
    path = tmp_path / "log.db"
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", _WORK, str(path), stdout=subprocess.PIPE)
    assert worker.stdout is not None
    lines = [await worker.stdout.readline() for _ in range(400)]
    worker.kill()
    lines += (await worker.stdout.read()).splitlines(keepends=True)
    await worker.wait()

    log = await SqliteLog.open(path, {"commands": 4}, SystemClock())
    found = {partition: await read_all(log, "commands", partition) for partition in range(4)}
    await log.aclose()

    told = [line.split() for line in lines if line.endswith(b"\n")]
    values = {(record.partition, record.offset): record.value for records in found.values() for record in records}
    assert 400 <= len(told)
    assert {(int(part), int(offset)): value * 50 for part, offset, value in told}.items() <= values.items()
    assert all(list(range(len(records))) == [record.offset for record in records] for records in found.values())
