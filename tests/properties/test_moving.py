"""Any log, trimmed anywhere, moved over any road: what arrives is what was there, each record under its offset."""

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.app.moving.passage import Passage
from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.log.kafka.replica import Chunk, KafkaReplica, milliseconds
from hub.log.sqlite.log import SqliteLog
from hub.ports import Bounds, Record

TOPIC = "hub.commands"
PARTITIONS = 2
_REMEMBERED = 5
"""A broker knows the last five batches of a producer again."""

Place = tuple[str, int]


class Hurried(SystemClock):
    """Nobody waits."""

    async def sleep(self, delay_s: float) -> None:
        """Let others go first."""
        await asyncio.sleep(0)


class Killed(Exception):
    """The process that moves is gone; what it sent may still arrive."""


@dataclass
class Broker:
    """A partitioned log that judges batches as Kafka does: by producer, sequence, and the last five batches."""

    records: dict[Place, list[Record]] = field(default_factory=lambda: defaultdict(list))
    starts: dict[Place, int] = field(default_factory=lambda: defaultdict(int))
    batches: dict[Place, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))

    def take(self, place: Place, chunk: Chunk) -> bool:
        """Append a batch, know it again, or refuse it; whether the answer is a good one."""
        [batch] = _batches(chunk)
        entries = list(batch)
        span = (batch.base_sequence, batch.base_sequence + len(entries) - 1)
        known = self.batches[place]
        if span in known[-_REMEMBERED:]:
            return True
        if known and span[0] != known[-1][1] + 1:
            return False
        known.append(span)
        for entry in entries:
            at = datetime.fromtimestamp(entry.timestamp / 1000, UTC)
            end = len(self.records[place])
            self.records[place].append(Record(*place, end, at, entry.key or b"", entry.value or b""))
        return True


def _batches(chunk: Chunk) -> list:  # type: ignore[type-arg]  # aiokafka's batches have no public type
    found, records = [], MemoryRecords(chunk.data)
    while records.has_next():
        found.append(records.next_batch())
    return found


class Road(KafkaReplica):
    """A way to the broker on which each write meets the next of some fates; when they are used up, all goes well."""

    def __init__(self, broker: Broker, fates: list[str]) -> None:
        self._broker = broker
        self._fates = fates
        self._late: list[tuple[Place, Chunk]] = []

    async def bounds(self, place: Place) -> Bounds:
        """Say what is there; what was late may arrive right behind that."""
        held = Bounds(self._broker.starts[place], len(self._broker.records[place]))
        for late in self._late:
            self._broker.take(*late)
        self._late = []
        return held

    async def read(self, place: Place, offset: int) -> Sequence[Record]:
        """Read on, never below the start."""
        assert self._broker.starts[place] <= offset
        return self._broker.records[place][offset : offset + 7]

    async def trim(self, place: Place, before: int) -> None:
        """Move the start."""
        self._broker.starts[place] = max(self._broker.starts[place], before)

    async def write(self, place: Place, chunk: Chunk) -> bool:
        """Meet the next fate."""
        fate = self._fates.pop(0) if self._fates else "good"
        if fate in {"good", "answer lost", "killed behind"}:
            written = self._broker.take(place, chunk)
            if fate == "good":
                return written
        if fate in {"late", "killed, late"}:
            self._late.append((place, chunk))
        if fate.startswith("killed"):
            raise Killed
        return False


FATES = ("good", "answer lost", "lost", "late", "killed before", "killed behind", "killed, late")
appends = st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=40)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(
    before=appends,
    trims=st.lists(st.integers(0, 30), min_size=PARTITIONS, max_size=PARTITIONS),
    after=appends,
    fates=st.lists(st.sampled_from(FATES), max_size=25),
)
def test_what_arrives_is_what_was_there(
    before: list[tuple[int, bytes]], trims: list[int], after: list[tuple[int, bytes]], fates: list[str]
) -> None:
    """Through lost and late batches and any number of kills: same start, same end, same records between them."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_moved(Path(folder) / "log.db", before, trims, after, list(fates)))


async def _moved(
    path: Path, before: list[tuple[int, bytes]], trims: list[int], after: list[tuple[int, bytes]], fates: list[str]
) -> None:
    log = await SqliteLog.open(path, {TOPIC: PARTITIONS}, Hurried(), synchronous="OFF")
    try:
        await _fill(log, before)
        for partition, cut in enumerate(trims):
            await log.trim(TOPIC, partition, cut)
        await _fill(log, after)
        broker = Broker()
        await _move(log, Road(broker, fates))
        for partition in range(PARTITIONS):
            place = (TOPIC, partition)
            held = await log.bounds(*place)
            assert held == Bounds(broker.starts[place], len(broker.records[place]))
            expected = await log.read(*place, held.start, 1000)
            assert _essence(expected) == _essence(broker.records[place][held.start :])
    finally:
        await log.aclose()


async def _fill(log: SqliteLog, records: list[tuple[int, bytes]]) -> None:
    await asyncio.gather(*(log.append(TOPIC, b"H56.14-261122-%04d" % key, value) for key, value in records))


async def _move(log: SqliteLog, road: Road) -> None:
    """Begin anew after each kill, and after each error that says so, until it is done."""
    while True:
        passage = Passage(log, road, 7, Hurried(), lambda _: None, patience_s=30)
        try:
            await passage.carry([(TOPIC, partition) for partition in range(PARTITIONS)])
        except (Killed, Unavailable):
            continue
        return


def _essence(records: Sequence[Record]) -> list[tuple[int, int, bytes, bytes]]:
    return [(each.offset, milliseconds(each.appended_at), each.key, each.value) for each in records]
