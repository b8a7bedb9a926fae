"""What was acknowledged survives a power cut, whenever it comes; without syncs it would not."""

import asyncio
import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

import pytest

from hub.clock import SystemClock
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.log import SqliteLog
from hub.ports import Position
from tests.contracts.log_disk import Disk, Event, Noted, Platter, records_of, restore
from tests.contracts.log_suite import EVERY, Owner, read_all

TOPICS = {"commands": 4}
SMALL = SqliteLimits(batch_records_max=6, wal_pages_max=12, tail_bytes_max=0)


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An append that returned."""

    position: Position
    value: bytes


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that returned."""

    offsets: Mapping[int, int]


async def busy(disk: Disk, folder: Path, synchronous: Literal["FULL", "OFF"]) -> Sequence[Event]:
    """Append and commit from several tasks, close, open again, append more; return the journal of the disk."""
    for life in range(2):
        log = await SqliteLog.open(
            folder / "log.db", TOPICS, SystemClock(), SMALL, vfs=disk.name, synchronous=synchronous
        )
        await asyncio.gather(*(_append(disk, log, life, task) for task in range(8)), _commit(disk, log))
        await log.aclose()
    return disk.journal


async def _append(disk: Disk, log: SqliteLog, life: int, task: int) -> None:
    for number in range(12):
        value = b"%d-%d-%d " % (life, task, number) * 40
        position = await log.append("commands", b"dossier-%d" % task, value)
        disk.note(Acknowledged(position, value))


async def _commit(disk: Disk, log: SqliteLog) -> None:
    owner = Owner()
    consumer = await log.join("readers", "commands", owner)
    for _ in range(5):
        for record in await consumer.fetch(EVERY, 5, 0.2):
            offsets = {record.partition: record.offset + 1}
            await consumer.commit(offsets)
            disk.note(Committed(offsets))
    await consumer.leave()


def cuts(journal: Sequence[Event], count: int) -> Iterator[tuple[int, Platter]]:
    """Play the journal, stopping at `count` points spread over it."""
    platter, played = Platter(), 0
    for cut in sorted({len(journal) * point // count for point in range(1, count + 1)}):
        platter.play(journal[played:cut])
        played = cut
        yield cut, platter


def acknowledged(journal: Sequence[Event]) -> list[Acknowledged]:
    """Return the appends that a journal saw acknowledged."""
    return [event.what for event in journal if isinstance(event, Noted) and isinstance(event.what, Acknowledged)]


def lost(journal: Sequence[Event], survivors: Mapping[int, Mapping[int, tuple[bytes, bytes]]]) -> list[Acknowledged]:
    """Return the acknowledged appends that did not survive. Slots number partitions from 1."""
    return [
        ack
        for ack in acknowledged(journal)
        if survivors.get(ack.position.partition + 1, {}).get(ack.position.offset, (b"", b""))[1] != ack.value
    ]


def without_gaps(survivors: Mapping[int, Collection[int]]) -> bool:
    """Whether the offsets of every partition begin at 0 and leave none out."""
    return all(list(range(len(offsets))) == sorted(offsets) for offsets in survivors.values())


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Event]:
    """Run the workload once on a journalling disk."""
    with asyncio.Runner() as runner:
        return runner.run(busy(Disk(), tmp_path_factory.mktemp("live"), "FULL"))


class TestPowerCut:
    """A cut at many points of a busy log."""

    def test_the_harness_sees_what_it_should(self, journal: Sequence[Event]) -> None:
        """The journal holds every acknowledgement and many syncs, so that cuts fall between them."""
        kinds = [type(event).__name__ for event in journal]

        assert 2 * 8 * 12 == len(acknowledged(journal))
        assert kinds.count("Synced") > 40
        assert kinds.count("Truncated") > 1

    @pytest.mark.parametrize("seed", [None, 1, 2, 3])
    def test_every_acknowledged_record_survives(
        self, journal: Sequence[Event], tmp_path: Path, seed: int | None
    ) -> None:
        """With only synced bytes left, or with luck of the others, acknowledged records are there, without gaps."""
        chance = None if seed is None else Random(seed)
        for cut, platter in cuts(journal, 100):
            survivors = records_of(restore(platter.image(chance), tmp_path / f"cut-{cut}"))

            assert [] == lost(journal[:cut], survivors)
            assert without_gaps(survivors)

    async def test_the_log_itself_goes_on_after_a_cut(self, journal: Sequence[Event], tmp_path: Path) -> None:
        """Opened by the log, what survives is read in order, commits included, and the next append follows it."""
        for cut, platter in cuts(journal, 12):
            path = restore(platter.image(Random(cut)), tmp_path / f"cut-{cut}")
            log = await SqliteLog.open(path, TOPICS, SystemClock(), SMALL)
            values = {
                Position("commands", record.partition, record.offset): record.value
                for partition in EVERY
                for record in await read_all(log, "commands", partition)
            }
            begins = {partition: log.committed("readers", "commands", partition) for partition in EVERY}
            further = await log.append("commands", b"dossier-0", b"further")
            await log.aclose()

            assert {} == {
                ack.position: 1 for ack in acknowledged(journal[:cut]) if values.get(ack.position) != ack.value
            }
            assert [] == _forgotten(journal[:cut], begins)
            assert sum(position.partition == further.partition for position in values) == further.offset


def _forgotten(journal: Sequence[Event], begins: Mapping[int, int]) -> list[Committed]:
    """Return the acknowledged commits that a group does not go on from."""
    commits = [event.what for event in journal if isinstance(event, Noted) and isinstance(event.what, Committed)]
    return [commit for commit in commits for part, offset in commit.offsets.items() if begins[part] < offset]


async def test_without_syncs_the_same_harness_shows_loss(tmp_path: Path) -> None:
    """With synchronous=OFF acknowledged records are lost: the proof above can fail."""
    (tmp_path / "live").mkdir()
    journal = await busy(Disk(), tmp_path / "live", "OFF")

    losses = [
        len(lost(journal[:cut], records_of(restore(platter.image(), tmp_path / f"cut-{cut}"))))
        for cut, platter in itertools.islice(cuts(journal, 10), 9)
    ]

    assert max(losses) > 0
