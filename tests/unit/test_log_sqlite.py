"""The log on SQLite: who may open it, what it bounds, and how it batches."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import apsw
import pytest

from hub.clock import SystemClock
from hub.errors import ConfigInvalid, Overloaded, Unavailable
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.log import SqliteLog
from tests.contracts.log_disk import Disk, Synced
from tests.contracts.log_suite import read_all

TOPICS = {"commands": 8, "audit": 2}


async def opened(path: Path, topics: Mapping[str, int] = TOPICS, limits: SqliteLimits | None = None) -> SqliteLog:
    """Open a log."""
    return await SqliteLog.open(path, topics, SystemClock(), limits or SqliteLimits())


async def test_a_second_log_in_the_process_is_refused(tmp_path: Path) -> None:
    """One file, one owner; after it closed, the next may open."""
    log = await opened(tmp_path / "log.db")
    with pytest.raises(Unavailable, match="in use by process"):
        await opened(tmp_path / "log.db")
    await log.aclose()

    await (await opened(tmp_path / "log.db")).aclose()


async def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """The refusal names the process that owns the file."""
    script = (
        "import asyncio, sys, pathlib; from hub.clock import SystemClock; from hub.log.sqlite.log import SqliteLog\n"
        "async def main(): await SqliteLog.open(pathlib.Path(sys.argv[1]), {'commands': 8}, SystemClock())\n"
        "asyncio.run(main())"
    )
    log = await opened(tmp_path / "log.db")
    second = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(tmp_path / "log.db"), stderr=subprocess.PIPE
    )
    _, complaint = await second.communicate()
    owner = (tmp_path / "log.db.lock").read_text()
    await log.aclose()

    assert 1 == second.returncode
    assert f"Unavailable: {tmp_path}/log.db is in use by process {owner}" in complaint.decode()


async def test_a_number_of_partitions_is_for_ever(tmp_path: Path) -> None:
    """A topic opened with another number is refused, and nothing changes."""
    await (await opened(tmp_path / "log.db")).aclose()

    with pytest.raises(ConfigInvalid, match="topic commands has 8 partitions for ever, not 9"):
        await opened(tmp_path / "log.db", {"commands": 9})
    await (await opened(tmp_path / "log.db")).aclose()


@pytest.mark.parametrize("count", [0, -1, 1025])
async def test_impossible_numbers_of_partitions_are_refused(tmp_path: Path, count: int) -> None:
    """From 1 to 1,024."""
    with pytest.raises(ConfigInvalid, match="allowed are 1 to 1024"):
        await opened(tmp_path / "log.db", {"commands": count})


async def test_a_topic_may_come_later(tmp_path: Path) -> None:
    """Further topics are added; those not declared stay in the file."""
    log = await opened(tmp_path / "log.db", {"commands": 8})
    await log.append("commands", b"key", b"value")
    await log.aclose()
    log = await opened(tmp_path / "log.db", {"audit": 2})
    await log.append("audit", b"key", b"other")
    await log.aclose()

    log = await opened(tmp_path / "log.db")
    commands = await read_all(log, "commands", log.partition_of("commands", b"key"))
    audit = await read_all(log, "audit", log.partition_of("audit", b"key"))
    await log.aclose()

    assert ([b"value"], [b"other"]) == ([r.value for r in commands], [r.value for r in audit])


async def test_another_file_is_not_taken_for_a_log(tmp_path: Path) -> None:
    """Neither text nor another application's database is opened, and neither is changed."""
    text, database = tmp_path / "text.db", tmp_path / "store.db"
    text.write_bytes(b"not a database " * 100)
    connection = apsw.Connection(str(database))
    connection.execute("CREATE TABLE message (id TEXT)")
    connection.close()
    before = [text.read_bytes(), database.read_bytes()]

    for path in (text, database):
        with pytest.raises(ConfigInvalid, match="is not a log"):
            await opened(path)

    assert before == [text.read_bytes(), database.read_bytes()]


async def test_a_later_version_is_not_opened(tmp_path: Path) -> None:
    """A file of a version that is not known is left alone."""
    await (await opened(tmp_path / "log.db")).aclose()
    connection = apsw.Connection(str(tmp_path / "log.db"))
    connection.pragma("user_version", 2)
    connection.close()

    with pytest.raises(ConfigInvalid, match="not a log of version 1"):
        await opened(tmp_path / "log.db")


async def test_a_missing_folder_is_a_mistake_of_configuration(tmp_path: Path) -> None:
    """The hint names the path."""
    with pytest.raises(ConfigInvalid, match="nowhere"):
        await opened(tmp_path / "nowhere" / "log.db")


@pytest.mark.parametrize(
    "limits", [SqliteLimits(pending_max=5), SqliteLimits(pending_bytes_max=5_000)], ids=["count", "bytes"]
)
async def test_past_the_bound_appends_are_refused(tmp_path: Path, limits: SqliteLimits) -> None:
    """Five may wait; the sixth is told to come back, and once the five are written there is room again."""
    log = await opened(tmp_path / "log.db", limits=limits)
    ends = await asyncio.gather(*(log.append("commands", b"", bytes(1_000)) for _ in range(8)), return_exceptions=True)
    refusals = [end for end in ends if isinstance(end, Overloaded)]

    assert [False] * 5 + [True] * 3 == [isinstance(end, Overloaded) for end in ends]
    assert 1 == refusals[0].retry_after_s
    await log.append("commands", b"", b"again")
    await log.aclose()


async def test_many_appends_share_a_sync(tmp_path: Path) -> None:
    """Two hundred simultaneous appends need a few syncs, not two hundred."""
    disk = Disk()
    log = await SqliteLog.open(tmp_path / "log.db", TOPICS, SystemClock(), vfs=disk.name)
    before = disk.journal.count(Synced("log.db-wal"))
    await asyncio.gather(*(log.append("commands", b"%d" % number, b"value") for number in range(200)))

    assert 1 <= disk.journal.count(Synced("log.db-wal")) - before <= 20
    await log.aclose()


async def test_appends_keep_the_order_in_which_they_began(tmp_path: Path) -> None:
    """Also when they wait together, and also over several batches."""
    log = await opened(tmp_path / "log.db", limits=SqliteLimits(batch_records_max=7))
    positions = await asyncio.gather(*(log.append("commands", b"key", b"%d" % number) for number in range(100)))

    assert list(range(100)) == [position.offset for position in positions]
    await log.aclose()


async def test_the_write_ahead_file_stays_small(tmp_path: Path) -> None:
    """Forty times its bound is appended, and the file stays within a few times of it."""
    log = await opened(tmp_path / "log.db", limits=SqliteLimits(wal_pages_max=25, tail_bytes_max=0))
    sizes = []
    for _ in range(40):
        await asyncio.gather(*(log.append("commands", b"key", bytes(4_000)) for _ in range(25)))
        sizes.append((tmp_path / "log.db-wal").stat().st_size)
    await log.aclose()

    assert max(sizes) < 8 * 25 * 4_120


async def test_one_large_answer_is_cut_by_size(tmp_path: Path) -> None:
    """A read from the disk ends with the record that fills it, and goes on from there."""
    limits = SqliteLimits(tail_bytes_max=0, read_bytes_max=2_500)
    log = await opened(tmp_path / "log.db", limits=limits)
    for _ in range(5):
        await log.append("commands", b"", bytes(1_000))
    partition = log.partition_of("commands", b"")

    assert 3 == len(await log.read("commands", partition, 0, 100))
    assert 2 == len(await log.read("commands", partition, 3, 100))
    await log.aclose()
