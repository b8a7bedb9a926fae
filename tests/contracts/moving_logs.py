"""Embedded logs that are worth moving, and roads to Kafka that fail."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

from hub.app.moving.passage import Passage
from hub.clock import SystemClock
from hub.log.kafka.replica import Chunk, KafkaReplica
from hub.log.sqlite.log import SqliteLog
from hub.ports import Record
from ops.kafka.broker import Broker
from tests.contracts.kafka_broker import Kafka

CLOCK = SystemClock()


class RoadCut(Exception):
    """The process was killed."""


class CutRoad(KafkaReplica):
    """Writes so many chunks, and is cut before or behind the next one; chunks are small, to be many."""

    writes_left: int = 1_000_000
    behind: bool = False

    async def write(self, place: tuple[str, int], chunk: Chunk) -> bool:
        """Write, or be cut."""
        if self.writes_left <= 0:
            if self.behind:
                await super().write(place, chunk)
            raise RoadCut
        self.writes_left -= 1
        return await super().write(place, chunk)


class ForgetfulRoad(KafkaReplica):
    """Loses every second answer, and sends every third chunk again when the next one was written."""

    number: int = 0
    last: Mapping[tuple[str, int], Chunk] = {}

    async def write(self, place: tuple[str, int], chunk: Chunk) -> bool:
        """Write and forget, and let a copy of the former chunk arrive late."""
        self.number += 1
        written = await super().write(place, chunk)
        late = self.last.get(place)
        self.last = {**self.last, place: chunk}
        if late is not None and self.number % 3 == 0:
            await super()._produce(place, late)
        return written and self.number % 2 == 0


class BrokenRoad(KafkaReplica):
    """Kills the broker before its fourth chunk."""

    broker: Broker
    number: int = 0

    async def write(self, place: tuple[str, int], chunk: Chunk) -> bool:
        """Write, if there is anybody to write to."""
        self.number += 1
        if self.number == 4:
            await self.broker.kill()
        return await super().write(place, chunk)


async def fill(log: SqliteLog, topic: str, seed: int, records: int) -> None:
    """Append records of all sizes, empty ones too."""
    chance = Random(seed)
    for _ in range(records):
        key = f"H56.14-261122-{chance.randrange(60):04d}".encode()
        await log.append(topic, key, chance.randbytes(chance.choice((0, 1, 200, 3000))))


async def trim(log: SqliteLog, topic: str, seed: int) -> None:
    """Let go of the oldest: of nothing, of some, of all."""
    chance = Random(f"trim {seed}")
    for partition in range(log.partitions(topic)):
        end = (await log.bounds(topic, partition)).end
        await log.trim(topic, partition, chance.choice((0, end // 2, end)))


@asynccontextmanager
async def embedded(path: Path, topics: Mapping[str, int]) -> AsyncIterator[SqliteLog]:
    """Open the log of a file."""
    log = await SqliteLog.open(path, topics, CLOCK)
    try:
        yield log
    finally:
        await log.aclose()


@asynccontextmanager
async def replica(
    kafka: Kafka, topics: Mapping[str, int], road: type[KafkaReplica] = KafkaReplica, *, patience_s: float = 30.0
) -> AsyncIterator[KafkaReplica]:
    """Reach topics on Kafka."""
    found = await road.open(kafka.bootstrap, topics, CLOCK, patience_s=patience_s)
    try:
        yield found
    finally:
        await found.aclose()


def places(topics: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return all partitions."""
    return [(topic, number) for topic, count in topics.items() for number in range(count)]


async def carry(log: SqliteLog, target: KafkaReplica, topics: Mapping[str, int], producer_id: int) -> None:
    """Copy everything."""
    await Passage(log, target, producer_id, CLOCK, lambda _: None, patience_s=10).carry(places(topics))


async def held(log: SqliteLog, topic: str, partition: int) -> Sequence[Record]:
    """Return everything that a partition holds."""
    records: list[Record] = []
    bounds = await log.bounds(topic, partition)
    while (at := records[-1].offset + 1 if records else bounds.start) < bounds.end:
        records += await log.read(topic, partition, at, 500)
    return records
