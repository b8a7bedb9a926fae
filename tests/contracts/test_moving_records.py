"""Records move from a file to Kafka: record n there is record n here, whatever happens on the road."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hub.app.moving.passage import Passage
from hub.errors import ConfigInvalid, Unavailable
from hub.log.kafka.log import KafkaLog
from hub.log.kafka.replica import KafkaReplica, chunk_of, padding_of
from hub.log.sqlite.log import SqliteLog
from hub.ports import Bounds, Record
from tests.contracts.kafka_broker import Kafka
from tests.contracts.log_suite import sole_member
from tests.contracts.moving_logs import (
    CLOCK,
    BrokenRoad,
    CutRoad,
    ForgetfulRoad,
    RoadCut,
    carry,
    embedded,
    fill,
    held,
    places,
    replica,
    trim,
)


async def topics_on(kafka: Kafka, partitions: int = 3) -> dict[str, int]:
    """Make fresh topics."""
    prefix = kafka.prefix()
    topics = {f"{prefix}.commands": partitions, f"{prefix}.audit": 1}
    await kafka.create(topics, {"max.message.bytes": "4200000"})
    return topics


async def through_the_port(kafka: Kafka, topics: dict[str, int], topic: str, partition: int) -> Sequence[Record]:
    """Read a partition as the hub does, from the very beginning."""
    log = await KafkaLog.open(kafka.bootstrap, topics, CLOCK)
    try:
        records: list[Record] = []
        end = (await log.bounds(topic, partition)).end
        at = 0
        while at < end and (found := await log.read(topic, partition, at, 500)):
            records += found
            at = records[-1].offset + 1
        return records
    finally:
        await log.aclose()


def essence(records: Sequence[Record]) -> list[tuple[int, int, bytes, bytes]]:
    """What must be the same: Kafka keeps milliseconds."""
    return [
        (record.offset, int(record.appended_at.timestamp() * 1000 + 1e-4), record.key, record.value)
        for record in records
    ]


async def require_equal(kafka: Kafka, log: SqliteLog, topics: dict[str, int]) -> None:
    """Compare everything, as the hub reads it."""
    async with replica(kafka, topics) as target:
        for topic, partition in places(topics):
            assert await log.bounds(topic, partition) == await target.bounds((topic, partition))
            found = await through_the_port(kafka, topics, topic, partition)
            assert essence(await held(log, topic, partition)) == essence(found)


@pytest.mark.parametrize("seed", range(4))
async def test_everything_arrives_under_its_offset(kafka: Kafka, tmp_path: Path, seed: int) -> None:
    """Offsets, times, keys and values; a trimmed partition starts where it did, and its padding is never read."""
    topics = await topics_on(kafka)
    async with embedded(tmp_path / "log.db", topics) as log, replica(kafka, topics) as target:
        for topic in topics:
            await fill(log, topic, seed, 300)
            await trim(log, topic, seed)
        await carry(log, target, topics, await target.new_producer_id())

        await require_equal(kafka, log, topics)


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
async def test_it_goes_on_where_it_was_cut(kafka: Kafka, tmp_path: Path, *, behind: bool) -> None:
    """Cut before or behind any write, again and again: nothing twice, nothing left out."""
    topics = await topics_on(kafka, 2)
    async with embedded(tmp_path / "log.db", topics) as log:
        for topic in topics:
            await fill(log, topic, 7, 2500)
        await trim(log, next(iter(topics)), 7)
        async with replica(kafka, topics) as target:
            producer_id = await target.new_producer_id()
        cuts = 0
        while True:
            async with replica(kafka, topics, CutRoad) as target:
                assert isinstance(target, CutRoad)
                target.writes_left, target.behind = cuts % 2, behind
                try:
                    await carry(log, target, topics, producer_id)
                except RoadCut:
                    cuts += 1
                else:
                    break
        assert 2 <= cuts
        await require_equal(kafka, log, topics)


async def test_lost_answers_and_late_copies_change_nothing(kafka: Kafka, tmp_path: Path) -> None:
    """A chunk whose answer was lost is looked for; one that arrives again later is recognised by the broker."""
    topics = await topics_on(kafka, 2)
    async with embedded(tmp_path / "log.db", topics) as log, replica(kafka, topics, ForgetfulRoad) as target:
        for topic in topics:
            await fill(log, topic, 11, 4500)
        await carry(log, target, topics, await target.new_producer_id())

        await require_equal(kafka, log, topics)


async def test_a_batch_of_a_killed_process_that_comes_late_fits_or_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """Behind the look at the end, before the next write: the broker takes the same batch once, and no other there."""
    topics = await topics_on(kafka, 1)
    topic = next(iter(topics))
    async with embedded(tmp_path / "log.db", topics) as log, replica(kafka, topics) as target:
        await fill(log, topic, 3, 100)
        records = await held(log, topic, 0)
        producer_id = await target.new_producer_id()
        late = chunk_of(records[:60], producer_id)

        assert await target.write((topic, 0), late)
        assert not await target.write((topic, 0), chunk_of(records[:80], producer_id))
        assert await target.write((topic, 0), late)
        assert Bounds(0, 60) == await target.bounds((topic, 0))

        await carry(log, target, topics, producer_id)
        await require_equal(kafka, log, topics)


async def test_a_broker_that_goes_away_ends_it_clearly(kafka: Kafka, tmp_path: Path) -> None:
    """After some patience the error says so; when the broker is back, it goes on."""
    topics = await topics_on(kafka, 2)
    async with embedded(tmp_path / "log.db", topics) as log:
        for topic in topics:
            await fill(log, topic, 5, 3000)
        async with replica(kafka, topics, BrokenRoad, patience_s=3) as target:
            assert isinstance(target, BrokenRoad)
            target.broker = kafka.broker
            producer_id = await target.new_producer_id()
            try:
                with pytest.raises(Unavailable, match="broker"):
                    await carry(log, target, topics, producer_id)
            finally:
                await kafka.broker.start()
        async with replica(kafka, topics) as target:
            await carry(log, target, topics, producer_id)
        await require_equal(kafka, log, topics)


async def test_source_goes_on_between_two_runs(kafka: Kafka, tmp_path: Path) -> None:
    """A source that ran again meanwhile, and let go of more, is caught up with."""
    topics = await topics_on(kafka, 1)
    topic = next(iter(topics))
    async with embedded(tmp_path / "log.db", topics) as log, replica(kafka, topics) as target:
        producer_id = await target.new_producer_id()
        await fill(log, topic, 1, 50)
        await carry(log, target, topics, producer_id)
        await fill(log, topic, 2, 100)
        await log.trim(topic, 0, 80)
        await carry(log, target, topics, producer_id)

        await require_equal(kafka, log, topics)


async def test_a_target_that_holds_something_else_is_refused(kafka: Kafka, tmp_path: Path) -> None:
    """Whether it holds more than the source, or other records; the advice says what to do."""
    topics = await topics_on(kafka, 1)
    topic = next(iter(topics))
    async with (
        embedded(tmp_path / "one.db", topics) as log,
        embedded(tmp_path / "other.db", topics) as other,
        replica(kafka, topics) as target,
    ):
        producer_id = await target.new_producer_id()
        await fill(log, topic, 1, 20)
        await carry(log, target, topics, producer_id)
        await fill(other, topic, 2, 10)
        with pytest.raises(ConfigInvalid, match="the target holds the records 0 to 20, the source 0 to 10"):
            await carry(other, target, topics, producer_id)
        await fill(other, topic, 3, 20)
        with pytest.raises(ConfigInvalid, match="record 0 of the target is another one"):
            await carry(other, target, topics, producer_id)


async def test_groups_stand_where_they_stood(kafka: Kafka) -> None:
    """What a group committed is committed at the target, and read there as the hub reads it."""
    topics = await topics_on(kafka, 3)
    topic = next(iter(topics))
    async with replica(kafka, topics) as target:
        producer_id = await target.new_producer_id()
        for partition in (0, 2):
            await target.write((topic, partition), padding_of(0, 9, CLOCK.now(), producer_id))
        assert {} == await target.committed("hub.delivery", topic)

        await target.commit("hub.delivery", topic, {0: 5, 2: 9})

        assert {0: 5, 2: 9} == await target.committed("hub.delivery", topic)


async def test_offsets_of_a_group_at_work_are_not_touched(kafka: Kafka) -> None:
    """Somebody runs at the target already: that is said, and nothing is committed over his head."""
    topics = await topics_on(kafka, 1)
    topic = next(iter(topics))
    log = await KafkaLog.open(kafka.bootstrap, topics, CLOCK)
    try:
        await log.append(topic, b"key", b"value")
        await sole_member(log, topic)
        async with replica(kafka, topics) as target:
            with pytest.raises(ConfigInvalid, match=r"the group readers\..* has members: stop every process"):
                await target.commit("readers", topic, {0: 1})
            assert {} == await target.committed("readers", topic)
    finally:
        await log.aclose()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DELETE FROM record WHERE place = (SELECT min(place) + 3 FROM record)", "record 3 is missing at the source"),
        ("UPDATE record SET key = x'01' WHERE place = (SELECT min(place) + 3 FROM record)", "record 3 does not belong"),
    ],
    ids=["gap", "partition"],
)
async def test_a_damaged_source_does_not_move(kafka: Kafka, tmp_path: Path, damage: str, said: str) -> None:
    """A record that is missing, or that Kafka would put elsewhere, is named, and nothing behind it is written."""
    topics = {f"{kafka.prefix()}.commands": 2}
    await kafka.create(topics)
    async with embedded(tmp_path / "log.db", topics) as log:
        await fill(log, next(iter(topics)), 1, 60)
    with closing(sqlite3.connect(tmp_path / "log.db")) as file, file:
        file.execute(damage)
    async with embedded(tmp_path / "log.db", topics) as log, replica(kafka, topics) as target:
        with pytest.raises(ConfigInvalid, match=said):
            await carry(log, target, topics, await target.new_producer_id())
        assert 0 == (await target.bounds((next(iter(topics)), 0))).end


async def test_the_proof_sees_one_changed_byte(kafka: Kafka, tmp_path: Path) -> None:
    """Equal partitions have equal sums; a record that differs in one byte gives another digest."""
    topics = await topics_on(kafka, 1)
    topic = next(iter(topics))
    async with (
        embedded(tmp_path / "log.db", topics) as log,
        replica(kafka, topics) as target,
    ):
        await fill(log, topic, 1, 30)
        await carry(log, target, topics, await target.new_producer_id())
        proof = Passage(log, target, 0, CLOCK, lambda _: None)
        [line] = await proof.prove([(topic, 0)])
        assert (30, True) == (line.target.count, line.equal)

        await _change_last_byte(target, topic, log)
        [line] = await proof.prove([(topic, 0)])
        assert (31, 31, False) == (line.source.count, line.target.count, line.equal)


async def _change_last_byte(target: KafkaReplica, topic: str, log: SqliteLog) -> None:
    """Give both sides one more record, whose values differ."""
    position = await log.append(topic, b"key", b"valuf")
    [record] = await log.read(topic, 0, position.offset, 1)
    changed = chunk_of([replace(record, value=b"value")], await target.new_producer_id())
    assert await target.write((topic, 0), changed)
