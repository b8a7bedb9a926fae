"""A failing disk: nothing acknowledged is lost, nothing refused appears, no gap is left, and the log works again."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import apsw
import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable, WriteInDoubt
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.log import SqliteLog
from tests.contracts.log_disk import Disk, Fault, Platter, records_of, restore
from tests.contracts.log_suite import Owner, member, read_all, until

TOPICS = {"commands": 1}
LIMITS = SqliteLimits(wal_pages_max=6)
FROM_DISK = SqliteLimits(wal_pages_max=6, tail_bytes_max=0)
KEY = b"dossier"


async def opened(path: Path, disk: Disk | None = None) -> SqliteLog:
    """Open the log on a disk."""
    return await SqliteLog.open(path, TOPICS, SystemClock(), LIMITS, vfs=disk.name if disk else "unix-excl")


@dataclass(slots=True)
class History:
    """What appends came to: offset by value, values refused for certain, values in doubt."""

    acknowledged: dict[bytes, int] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)
    doubted: set[bytes] = field(default_factory=set)

    async def append(self, log: SqliteLog, value: bytes) -> None:
        """Append one record and remember what came of it."""
        try:
            self.acknowledged[value] = (await log.append("commands", KEY, value)).offset
        except Unavailable:
            self.refused.add(value)
        except WriteInDoubt:
            self.doubted.add(value)

    def check(self, found: dict[int, bytes]) -> None:
        """Compare with what is there."""
        assert self.acknowledged == {value: offset for offset, value in found.items() if value in self.acknowledged}
        assert set() == self.refused & set(found.values())
        assert set(found.values()) <= self.acknowledged.keys() | self.doubted
        assert list(range(len(found))) == sorted(found)


def values_in(path: Path) -> dict[int, bytes]:
    """Read the values of the only partition with nothing but SQLite."""
    return {offset: value for offset, (_, value) in records_of(path).get(1, {}).items()}


async def live(log: SqliteLog) -> dict[int, bytes]:
    """Read the values of the only partition through the log."""
    return {record.offset: record.value for record in await read_all(log, "commands", 0)}


FAULTS = {
    "full": ("write", apsw.SQLITE_FULL, False),
    "torn-full": ("write", apsw.SQLITE_FULL, True),
    "write": ("write", apsw.SQLITE_IOERR_WRITE, False),
    "torn-write": ("write", apsw.SQLITE_IOERR_WRITE, True),
    "sync": ("sync", apsw.SQLITE_IOERR_FSYNC, False),
    "read-only": ("write", apsw.SQLITE_READONLY, False),
}


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "for-a-while"])
@pytest.mark.parametrize("name", FAULTS)
async def test_the_nth_operation_fails(tmp_path: Path, name: str, lasting: bool) -> None:
    """For N = 1, 2, 3, ... until nothing is left to fail: the promises hold, live, after a cut and after a restart."""
    kind, code, torn = FAULTS[name]
    fired = 0
    while True:
        folder = tmp_path / str(fired)
        folder.mkdir()
        disk, history = Disk(), History()
        log = await opened(folder / "log.db", disk)
        fault = Fault(kind, fired + 1, code, lasting, torn)
        await _through(log, disk, fault, history)
        if not fault.fired:
            await log.aclose()
            break
        fired += 1
        history.check(await live(log))
        _check_after_cuts(disk, history, folder)
        await log.aclose()
        history.check(values_in(folder / "log.db"))

    assert fired >= 6


async def _through(log: SqliteLog, disk: Disk, fault: Fault, history: History) -> None:
    """Append before, during and after a fault."""
    await history.append(log, b"before" * 300)
    disk.fault = fault
    for number in range(3):
        await asyncio.gather(*(history.append(log, b"%d-%d " % (number, twin) * 300) for twin in range(2)))
    disk.fault = None
    await history.append(log, b"after")
    assert b"after" in history.acknowledged


def _check_after_cuts(disk: Disk, history: History, folder: Path) -> None:
    """Cut the power where the story ends: verdicts hold whatever survives, and whatever a failed sync forgot."""
    for forgets, chance in ((True, None), (True, Random(1)), (False, Random(2))):
        platter = Platter(failed_sync_forgets=forgets)
        platter.play(disk.journal)
        history.check(values_in(restore(platter.image(chance), folder / f"cut-{forgets}-{chance is None}")))


@pytest.mark.parametrize("name", ["write", "sync", "full"])
async def test_a_fault_while_opening_is_clear_and_passes(tmp_path: Path, name: str) -> None:
    """Whichever operation of opening fails, the log is Unavailable; later it opens with everything in it."""
    kind, code, torn = FAULTS[name]
    path, history = tmp_path / "log.db", History()
    log = await opened(path)
    await history.append(log, b"value")
    await log.aclose()
    refusals = 0
    while True:
        disk = Disk()
        disk.fault = Fault(kind, refusals + 1, code, torn=torn)
        try:
            log = await opened(path, disk)
        except Unavailable:
            refusals += 1
            continue
        history.check(await live(log))
        await log.aclose()
        if not disk.fault.fired:
            break

    assert refusals >= 1


async def test_a_commit_in_doubt_says_so_and_is_settled_later(tmp_path: Path) -> None:
    """When even reopening fails, the append is in doubt; what came of it is certain as soon as the disk is back."""
    disk, history = Disk(), History()
    log = await opened(tmp_path / "log.db", disk)
    await history.append(log, b"before")
    disk.fault = Fault("sync", 1, apsw.SQLITE_IOERR_FSYNC, lasting=True)
    with pytest.raises(WriteInDoubt, match="SQLITE_IOERR_FSYNC") as doubt:
        await log.append("commands", KEY, b"doubt")
    history.doubted.add(b"doubt")
    await history.append(log, b"refused")
    disk.fault = None
    await history.append(log, b"after")

    assert not doubt.value.definite
    assert {b"refused"} == history.refused
    history.check(await live(log))
    await log.aclose()
    history.check(values_in(tmp_path / "log.db"))


@pytest.mark.parametrize("forgets", [True, False], ids=["forgotten", "kept"])
async def test_a_refusal_is_final_whatever_survives(tmp_path: Path, forgets: bool) -> None:
    """A commit whose sync failed is complete in the write-ahead file; once refused, no power cut brings it back."""
    disk, history = Disk(), History()
    log = await SqliteLog.open(tmp_path / "log.db", TOPICS, SystemClock(), FROM_DISK, vfs=disk.name)
    await history.append(log, b"before")
    await live(log)  # from here on a second connection holds the file open
    disk.fault = Fault("sync", 1, apsw.SQLITE_IOERR_FSYNC)
    await history.append(log, b"refused")
    disk.fault = None

    assert {b"refused"} == history.refused
    platter = Platter(failed_sync_forgets=forgets)
    platter.play(disk.journal)
    for seed in range(20):
        history.check(values_in(restore(platter.image(Random(seed)), tmp_path / f"cut-{seed}")))
    await log.aclose()


@dataclass(frozen=True, slots=True)
class TightDisk:
    """A disk that can be filled and freed."""

    folder: Path
    vfs: str
    fill: Callable[[], None]
    free: Callable[[], None]


@pytest.fixture(params=["simulated", "mounted"])
def tight(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TightDisk]:
    """Give a disk with little room: the simulated one, and a mounted one where the system allows to mount."""
    folder = tmp_path / "tight"
    folder.mkdir()
    mount = shutil.which("mount")
    options = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if request.param == "mounted" and mount and subprocess.run([mount, *options], check=False).returncode == 0:
        yield _mounted(folder)
        subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)
        return
    disk = Disk()

    def fill() -> None:
        disk.capacity_bytes = disk.used_bytes + 100_000

    def free() -> None:
        disk.capacity_bytes = None

    yield TightDisk(folder, disk.name, fill, free)


def _mounted(folder: Path) -> TightDisk:
    ballast = folder / "ballast"

    def fill() -> None:
        system = os.statvfs(folder)
        ballast.write_bytes(bytes(max(0, system.f_bavail * system.f_frsize - 100_000)))

    return TightDisk(folder, "unix-excl", fill, ballast.unlink)


async def test_a_full_disk_refuses_and_works_again(tight: TightDisk) -> None:
    """Appends and commits are refused with `hub.disk_full`, reading goes on, and with space everything works again."""
    log = await SqliteLog.open(tight.folder / "log.db", TOPICS, SystemClock(), LIMITS, vfs=tight.vfs)
    owner, history = Owner(), History()
    consumer = await member(log, "commands", owner)
    await until(lambda: 0 in owner.held)
    await history.append(log, b"first")
    tight.fill()
    number = 0
    while not history.refused:
        number += 1
        await history.append(log, b"%06d" % number * 300)
    assert 1 < number < 100
    for call in (log.append("commands", KEY, bytes(90_000)), log.append("commands", KEY, bytes(90_000))):
        with pytest.raises(Unavailable) as refusal:
            await call
        assert "hub.disk_full" == refusal.value.problem_code
    history.check(await live(log))
    assert b"first" == (await consumer.fetch({0}, 1, 0.0))[0].value

    tight.free()
    await history.append(log, b"after")
    await consumer.commit({0: 1})

    assert history.acknowledged[b"after"] == len(history.acknowledged) - 1
    assert 1 == await consumer.committed(0)
    history.check(await live(log))
    await log.aclose()
    history.check(values_in(tight.folder / "log.db"))


async def test_a_commit_on_a_full_disk_is_refused(tmp_path: Path) -> None:
    """Offsets that could not be written are not believed."""
    disk, owner = Disk(), Owner()
    log = await opened(tmp_path / "log.db", disk)
    consumer = await member(log, "commands", owner)
    await until(lambda: 0 in owner.held)
    await log.append("commands", KEY, b"value")
    disk.capacity_bytes = 0

    with pytest.raises(Unavailable) as refusal:
        await consumer.commit({0: 1})
    assert "hub.disk_full" == refusal.value.problem_code
    assert 0 == await consumer.committed(0)

    disk.capacity_bytes = None
    await consumer.commit({0: 1})
    await log.aclose()
    log = await opened(tmp_path / "log.db")
    assert 1 == log.committed("readers", "commands", 0)
    await log.aclose()


async def test_a_read_only_file_is_refused(tmp_path: Path) -> None:
    """A log that cannot be written does not open, and the hint names the file; once writable it is whole."""
    path, history = tmp_path / "log.db", History()
    log = await opened(path)
    await history.append(log, b"value")
    await log.aclose()
    disk = Disk()
    disk.read_only = True

    with pytest.raises(Unavailable, match=r"log\.db: SQLITE_(READONLY|CANTOPEN)"):
        await opened(path, disk)

    log = await opened(path)
    history.check(await live(log))
    await log.aclose()


async def test_a_failed_read_is_unavailable_and_passes(tmp_path: Path) -> None:
    """A file that cannot be read right now makes reads Unavailable, not wrong."""
    path = tmp_path / "log.db"
    log = await opened(path)
    await log.append("commands", KEY, b"value")
    await log.aclose()
    log = await opened(path)
    path.rename(tmp_path / "elsewhere.db")

    with pytest.raises(Unavailable, match="SQLITE_CANTOPEN"):
        await log.read("commands", 0, 0, 1)

    (tmp_path / "elsewhere.db").rename(path)
    assert b"value" == (await log.read("commands", 0, 0, 1))[0].value
    await log.aclose()


@pytest.fixture
async def quiet_loop() -> AsyncIterator[None]:
    """Fail a test whose errors nobody looked at."""
    unheard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unheard.append(context["message"]))
    yield
    assert [] == unheard


async def test_a_cancelled_caller_leaves_no_unheard_error(tmp_path: Path, quiet_loop: None) -> None:
    """Errors of appends and commits whose callers are gone are looked at all the same."""
    disk, owner = Disk(), Owner()
    log = await opened(tmp_path / "log.db", disk)
    consumer = await member(log, "commands", owner)
    await until(lambda: 0 in owner.held)
    disk.capacity_bytes = 0
    callers = [
        asyncio.create_task(log.append("commands", KEY, b"value")),
        asyncio.create_task(consumer.commit({0: 1})),
    ]
    await asyncio.sleep(0)
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    await asyncio.sleep(0.05)
    disk.capacity_bytes = None
    await log.aclose()
