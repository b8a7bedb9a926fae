"""What every home of the log promises: one suite, run unchanged by each of them.

It assumes neither one process nor offsets without gaps nor an answer at once; a home has `PATIENCE_S` for anything.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from hub.errors import StaleOwner, TooLarge, Unavailable
from hub.ports import Bounds, Consumer, Log, Ownership, Position, Record

PATIENCE_S = 30.0
PARTITIONS = 4
EVERY = frozenset(range(PARTITIONS))


@dataclass(slots=True)
class Bench:
    """A log to test: a topic of PARTITIONS partitions, another of 2, both empty, and the size that a record may have.

    `reopen` closes the log and opens it again, as a restart would; homes that forget leave it out.
    """

    log: Log
    topic: str
    other: str
    record_bytes_max: int
    reopen: Callable[[], Awaitable[Log]] | None = None


async def _nothing(_partitions: Collection[int]) -> None:
    """Do nothing when partitions come or go."""


@dataclass(slots=True)
class Owner:
    """Remembers what it is told, in a diary that several owners may share, and calls what the test wants called."""

    name: str = "owner"
    diary: list[tuple[str, str, frozenset[int]]] = field(default_factory=list)
    begins: dict[int, int] = field(default_factory=dict)
    assigned: Callable[[Collection[int]], Awaitable[None]] = _nothing
    revoked: Callable[[Collection[int]], Awaitable[None]] = _nothing

    @property
    def held(self) -> frozenset[int]:
        """What it was given and not asked back."""
        return frozenset(self.begins)

    async def on_assigned(self, partitions: Mapping[int, int]) -> None:
        """As the port."""
        await self.assigned(partitions)
        self.begins.update(partitions)
        self.diary.append((self.name, "assigned", frozenset(partitions)))

    async def on_revoked(self, partitions: Collection[int]) -> None:
        """As the port."""
        await self.revoked(partitions)
        for partition in partitions:
            self.begins.pop(partition, None)
        self.diary.append((self.name, "revoked", frozenset(partitions)))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - conditions look at what several owners were told
            await asyncio.sleep(0.005)


async def collect(consumer: Consumer, partitions: Collection[int], count: int) -> list[Record]:
    """Fetch until `count` records have come."""
    records: list[Record] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(records) < count:
            records += await consumer.fetch(partitions, 100, 0.2)
    return records


async def read_all(log: Log, topic: str, partition: int) -> list[Record]:
    """Read a partition from its start to its end, a few records at a time."""
    bounds = await log.bounds(topic, partition)
    records: list[Record] = []
    offset = bounds.start
    while offset < bounds.end and (some := await log.read(topic, partition, offset, 7)):
        records += some
        offset = some[-1].offset + 1
    return records


def keys_of(log: Log, topic: str, partition: int, count: int = 1) -> list[bytes]:
    """Return keys that lie in a partition."""
    keys = (b"key-%d" % number for number in range(10_000))
    mine = [key for key in keys if log.partition_of(topic, key) == partition]
    return mine[:count]


async def fill(log: Log, topic: str, each: int) -> list[Position]:
    """Append `each` records to every partition, in turn."""
    keys = [keys_of(log, topic, partition)[0] for partition in range(log.partitions(topic))]
    return [await log.append(topic, key, b"value-%d" % number) for number in range(each) for key in keys]


async def member(log: Log, topic: str, owner: Ownership, group: str = "readers") -> Consumer:
    """Join a group."""
    async with asyncio.timeout(PATIENCE_S):
        return await log.join(group, topic, owner)


async def sole_member(log: Log, topic: str, group: str = "readers") -> tuple[Consumer, Owner]:
    """Join a group and wait for all partitions."""
    owner = Owner()
    consumer = await member(log, topic, owner, group)
    await until(lambda: owner.held == frozenset(range(log.partitions(topic))))
    return consumer, owner


def offsets_by_partition(records: Sequence[Record]) -> dict[int, list[int]]:
    """Return the offsets of each partition in the order in which they came."""
    found: dict[int, list[int]] = {}
    for record in records:
        found.setdefault(record.partition, []).append(record.offset)
    return found


class LogContract:
    """Inherit it, name the class Test..., and give it a fixture `bench`."""

    @pytest.fixture
    async def bench(self) -> Bench:
        """Build the log under test."""
        raise NotImplementedError

    # --- topics and keys

    async def test_partitions_are_those_declared(self, bench: Bench) -> None:
        """A topic has the number of partitions it was declared with."""
        assert bench.log.partitions(bench.topic) == PARTITIONS
        assert bench.log.partitions(bench.other) == 2

    async def test_an_undeclared_topic_is_a_key_error(self, bench: Bench) -> None:
        """Nobody makes up topics."""
        with pytest.raises(KeyError):
            bench.log.partitions("nowhere")
        with pytest.raises(KeyError):
            await bench.log.append("nowhere", b"key", b"value")

    @pytest.mark.parametrize(("key", "partition"), [(b"21", 0), (b"foobar", 2), (b"abc", 3)])
    async def test_a_key_lies_where_kafka_puts_it(self, bench: Bench, key: bytes, partition: int) -> None:
        """Every home agrees with Kafka: UtilsTest.testMurmur2 gives -973932308, -790332482, 479470107; modulo 4."""
        assert bench.log.partition_of(bench.topic, key) == partition
        assert (await bench.log.append(bench.topic, key, b"")).partition == partition

    # --- append and read

    async def test_a_record_is_read_as_it_was_appended(self, bench: Bench) -> None:
        """Key and value come back byte for byte, with a time in UTC."""
        before = datetime.now(UTC)
        position = await bench.log.append(bench.topic, b"H56.14-260101-0001", bytes(range(256)))

        (record,) = await read_all(bench.log, bench.topic, position.partition)

        assert (record.topic, record.partition, record.offset) == (bench.topic, position.partition, position.offset)
        assert (record.key, record.value) == (b"H56.14-260101-0001", bytes(range(256)))
        assert record.appended_at.utcoffset() == timedelta(0)
        assert abs(record.appended_at - before) < timedelta(seconds=PATIENCE_S)

    async def test_empty_keys_and_values_are_records_too(self, bench: Bench) -> None:
        """Nothing is a value like any other."""
        position = await bench.log.append(bench.topic, b"", b"")

        (record,) = await read_all(bench.log, bench.topic, position.partition)

        assert (record.key, record.value) == (b"", b"")

    async def test_records_of_a_partition_keep_their_order(self, bench: Bench) -> None:
        """Offsets rise with each append, and reading follows them."""
        key = keys_of(bench.log, bench.topic, 1)[0]
        values = [b"%d" % number for number in range(30)]
        offsets = [(await bench.log.append(bench.topic, key, value)).offset for value in values]

        records = await read_all(bench.log, bench.topic, 1)

        assert sorted(set(offsets)) == offsets
        assert list(zip(offsets, values, strict=True)) == [(record.offset, record.value) for record in records]

    async def test_concurrent_appends_are_all_there_once(self, bench: Bench) -> None:
        """Each of many simultaneous appends gets a place of its own and is found there."""
        values = [b"value-%d" % number for number in range(300)]
        positions = await asyncio.gather(*(bench.log.append(bench.topic, value, value) for value in values))

        found = {}
        for partition in EVERY:
            for record in await read_all(bench.log, bench.topic, partition):
                found[Position(bench.topic, partition, record.offset)] = record.value
        assert dict(zip(positions, values, strict=True)) == found

    async def test_many_large_records_at_once(self, bench: Bench) -> None:
        """More than fits into one batch is no problem."""
        size = min(bench.record_bytes_max - 100, 400_000)
        positions = await asyncio.gather(
            *(bench.log.append(bench.topic, b"large", bytes([number]) * size) for number in range(24))
        )

        records = await read_all(bench.log, bench.topic, positions[0].partition)

        assert {position.offset: bytes([number]) * size for number, position in enumerate(positions)} == {
            record.offset: record.value for record in records
        }

    async def test_a_record_over_the_limit_is_refused_alone(self, bench: Bench) -> None:
        """The limit holds for key and value together; neighbours are not touched."""
        too_large = bytes(bench.record_bytes_max + 1)
        before = asyncio.create_task(bench.log.append(bench.topic, b"key", b"before"))
        await asyncio.sleep(0)
        with pytest.raises(TooLarge):
            await bench.log.append(bench.topic, b"key", too_large)
        after = await bench.log.append(bench.topic, b"key", b"after")

        records = await read_all(bench.log, bench.topic, after.partition)

        assert [b"before", b"after"] == [record.value for record in records]
        assert [(await before).offset, after.offset] == [record.offset for record in records]

    async def test_reading_begins_at_the_offset_asked_for(self, bench: Bench) -> None:
        """A read from the middle gives the rest, a read from the end gives nothing."""
        positions = [position for position in await fill(bench.log, bench.topic, 5) if position.partition == 2]
        end = (await bench.log.bounds(bench.topic, 2)).end

        rest = await bench.log.read(bench.topic, 2, positions[3].offset, 100)

        assert [positions[3].offset, positions[4].offset] == [record.offset for record in rest]
        assert [] == list(await bench.log.read(bench.topic, 2, end, 100))
        assert [] == list(await bench.log.read(bench.topic, 2, end + 50, 100))

    async def test_reading_is_bounded(self, bench: Bench) -> None:
        """Never more records than asked for."""
        await fill(bench.log, bench.topic, 5)

        assert 3 == len(await bench.log.read(bench.topic, 0, 0, 3))

    async def test_bounds_grow_with_appends(self, bench: Bench) -> None:
        """An empty partition ends where it starts; after an append the end lies past the last record."""
        empty = await bench.log.bounds(bench.topic, 3)
        position = await bench.log.append(bench.topic, keys_of(bench.log, bench.topic, 3)[0], b"value")
        filled = await bench.log.bounds(bench.topic, 3)

        assert empty.start == empty.end
        assert filled.start <= position.offset < filled.end

    async def test_topics_do_not_mix(self, bench: Bench) -> None:
        """What is appended to one topic is not in the other."""
        await fill(bench.log, bench.topic, 2)

        for partition in range(2):
            assert [] == await read_all(bench.log, bench.other, partition)

    async def test_a_cancelled_append_harms_nobody(self, bench: Bench) -> None:
        """Its record is there once or not at all, and those around it are there in order."""
        appends = [asyncio.create_task(bench.log.append(bench.topic, b"key", b"%d" % number)) for number in range(20)]
        await asyncio.sleep(0)
        for append in appends[5:15]:
            append.cancel()
        ends = await asyncio.gather(*appends, return_exceptions=True)
        last = await bench.log.append(bench.topic, b"key", b"last")

        values = [record.value for record in await read_all(bench.log, bench.topic, last.partition)]
        acknowledged = {b"%d" % number for number, end in enumerate(ends) if isinstance(end, Position)}

        assert len(values) == len(set(values))
        assert acknowledged | {b"last"} <= set(values)
        assert b"last" == values[-1]

    # --- wait

    async def test_wait_ends_with_an_append(self, bench: Bench) -> None:
        """Whoever waits is woken long before the time is up."""
        waiting = asyncio.create_task(bench.log.wait(bench.topic, 10 * PATIENCE_S))
        await asyncio.sleep(0)
        await bench.log.append(bench.topic, b"key", b"value")

        async with asyncio.timeout(PATIENCE_S):
            await waiting

    async def test_wait_ends_without_an_append(self, bench: Bench) -> None:
        """When nothing comes, waiting ends."""
        async with asyncio.timeout(PATIENCE_S):
            await bench.log.wait(bench.topic, 0.05)

    # --- one member

    async def test_a_sole_member_gets_every_partition(self, bench: Bench) -> None:
        """It is told where each begins, and holds them all."""
        await fill(bench.log, bench.topic, 1)
        consumer, owner = await sole_member(bench.log, bench.topic)

        starts = {partition: (await bench.log.bounds(bench.topic, partition)).start for partition in EVERY}

        assert starts == owner.begins
        assert all(consumer.holds(partition) for partition in EVERY)

    async def test_fetch_gives_every_record_once_and_in_order(self, bench: Bench) -> None:
        """Fetching goes on where the last fetch ended, whether or not anything was committed."""
        positions = await fill(bench.log, bench.topic, 10)
        consumer, _ = await sole_member(bench.log, bench.topic)

        records = await collect(consumer, EVERY, len(positions))

        wanted: dict[int, list[int]] = {}
        for position in positions:
            wanted.setdefault(position.partition, []).append(position.offset)
        assert wanted == offsets_by_partition(records)
        assert [] == list(await consumer.fetch(EVERY, 100, 0.05))

    async def test_fetch_is_bounded_and_starves_no_partition(self, bench: Bench) -> None:
        """Two records at a time still reach every partition soon."""
        await fill(bench.log, bench.topic, 50)
        consumer, _ = await sole_member(bench.log, bench.topic)

        rounds = [await consumer.fetch(EVERY, 2, PATIENCE_S) for _ in range(3 * PARTITIONS)]

        assert {2} >= {len(records) for records in rounds} - {0, 1}
        assert EVERY == {record.partition for records in rounds for record in records}

    async def test_fetch_gives_only_what_was_asked_for(self, bench: Bench) -> None:
        """A partition that is held back is not fetched, and nothing of it is lost."""
        await fill(bench.log, bench.topic, 3)
        consumer, _ = await sole_member(bench.log, bench.topic)

        some = await collect(consumer, {0, 2}, 6)
        rest = await collect(consumer, EVERY, 6)

        assert {0, 2} == {record.partition for record in some}
        assert {1, 3} == {record.partition for record in rest}

    async def test_fetch_wakes_with_an_append(self, bench: Bench) -> None:
        """A waiting fetch answers long before its time is up."""
        consumer, _ = await sole_member(bench.log, bench.topic)
        fetching = asyncio.create_task(consumer.fetch(EVERY, 10, 10 * PATIENCE_S))
        await asyncio.sleep(0.02)
        await bench.log.append(bench.topic, b"key", b"value")

        async with asyncio.timeout(PATIENCE_S):
            (record,) = await fetching
        assert b"value" == record.value

    async def test_a_cancelled_fetch_loses_nothing(self, bench: Bench) -> None:
        """What a cancelled fetch might have taken comes with the next."""
        consumer, _ = await sole_member(bench.log, bench.topic)
        for number in range(20):
            fetching = asyncio.create_task(consumer.fetch(EVERY, 10, PATIENCE_S))
            await asyncio.sleep(0)
            appending = asyncio.create_task(bench.log.append(bench.topic, b"key", b"%d" % number))
            await asyncio.sleep(0)
            fetching.cancel()
            (fetched,) = await asyncio.gather(fetching, return_exceptions=True)
            await appending
            if isinstance(fetched, BaseException) or not fetched:
                fetched = await collect(consumer, EVERY, 1)
            assert [b"%d" % number] == [record.value for record in fetched]

    async def test_nothing_committed_is_the_start(self, bench: Bench) -> None:
        """A group that never committed begins at the start of the partition."""
        await fill(bench.log, bench.topic, 1)
        consumer, _ = await sole_member(bench.log, bench.topic)

        for partition in EVERY:
            assert (await bench.log.bounds(bench.topic, partition)).start == await consumer.committed(partition)

    async def test_the_next_member_begins_at_the_commit(self, bench: Bench) -> None:
        """What was fetched but not committed comes again; what was committed does not."""
        positions = [position for position in await fill(bench.log, bench.topic, 4) if position.partition == 1]
        first, _ = await sole_member(bench.log, bench.topic)
        await collect(first, EVERY, 16)
        await first.commit({1: positions[2].offset})
        assert positions[2].offset == await first.committed(1)
        await first.leave()

        second, owner = await sole_member(bench.log, bench.topic)
        records = await collect(second, {1}, 2)

        assert positions[2].offset == owner.begins[1] == await second.committed(1)
        assert [positions[2].offset, positions[3].offset] == [record.offset for record in records]

    async def test_groups_do_not_see_each_others_commits(self, bench: Bench) -> None:
        """Each group has offsets of its own, and so has each topic."""
        await fill(bench.log, bench.topic, 3)
        await fill(bench.log, bench.other, 3)
        here, _ = await sole_member(bench.log, bench.topic, "here")
        there, _ = await sole_member(bench.log, bench.topic, "there")
        elsewhere, _ = await sole_member(bench.log, bench.other, "here")
        end = (await bench.log.bounds(bench.topic, 0)).end
        await here.commit({0: end})

        assert end == await here.committed(0)
        assert (await bench.log.bounds(bench.topic, 0)).start == await there.committed(0)
        assert (await bench.log.bounds(bench.other, 0)).start == await elsewhere.committed(0)
        assert 3 == len(await collect(there, {0}, 3))

    async def test_no_record_is_fetched_before_the_owner_is_ready(self, bench: Bench) -> None:
        """While `on_assigned` is under way, fetching gives nothing."""
        await fill(bench.log, bench.topic, 1)
        ready, reached = asyncio.Event(), asyncio.Event()

        async def prepare(_partitions: Collection[int]) -> None:
            reached.set()
            await ready.wait()

        consumer = await member(bench.log, bench.topic, Owner(assigned=prepare))
        async with asyncio.timeout(PATIENCE_S):
            await reached.wait()
        early = await consumer.fetch(EVERY, 10, 0.05)
        ready.set()

        assert [] == list(early)
        assert 4 == len(await collect(consumer, EVERY, 4))

    async def test_an_owner_that_cannot_take_over_is_out(self, bench: Bench) -> None:
        """Its error comes out of the next fetch, and the others get its partitions."""

        async def fail(_partitions: Collection[int]) -> None:
            raise Unavailable("no store")

        broken = await member(bench.log, bench.topic, Owner(assigned=fail))
        with pytest.raises(Unavailable, match="no store"):
            await collect(broken, EVERY, 1)

        await sole_member(bench.log, bench.topic)
        assert not any(broken.holds(partition) for partition in EVERY)

    # --- several members

    async def test_two_members_share_the_partitions(self, bench: Bench) -> None:
        """Each partition has one owner, and the two differ by no more than one partition."""
        one, two = Owner("one"), Owner("two")
        first = await member(bench.log, bench.topic, one)
        second = await member(bench.log, bench.topic, two)
        await until(lambda: one.held | two.held == EVERY and not one.held & two.held and len(one.held) == 2)
        positions = await fill(bench.log, bench.topic, 3)

        mine = await collect(first, EVERY, 6)
        yours = await collect(second, EVERY, 6)

        assert one.held == {record.partition for record in mine}
        assert two.held == {record.partition for record in yours}
        assert {(position.partition, position.offset) for position in positions} == {
            (record.partition, record.offset) for record in mine + yours
        }

    async def test_a_partition_is_let_go_before_it_is_taken(self, bench: Bench) -> None:
        """`on_revoked` of the old owner has ended before `on_assigned` of the next begins."""
        diary: list[tuple[str, str, frozenset[int]]] = []
        letting_go: set[int] = set()

        async def slowly(partitions: Collection[int]) -> None:
            letting_go.update(partitions)
            await asyncio.sleep(0.1)
            letting_go.difference_update(partitions)

        overlaps: list[int] = []

        async def look(partitions: Collection[int]) -> None:
            overlaps.extend(letting_go & set(partitions))

        one, two = Owner("one", diary, revoked=slowly), Owner("two", diary, assigned=look)
        await member(bench.log, bench.topic, one)
        await until(lambda: one.held == EVERY)
        await member(bench.log, bench.topic, two)
        await until(lambda: len(two.held) == 2)

        (taken,) = {
            partitions for name, what, partitions in diary if (name, what) == ("two", "assigned") and partitions
        }
        let_go = diary.index(next(entry for entry in diary if entry[:2] == ("one", "revoked")))
        assert [] == overlaps
        assert taken <= diary[let_go][2]
        assert let_go < diary.index(("two", "assigned", taken))

    async def test_a_former_owner_is_fenced(self, bench: Bench) -> None:
        """After `on_revoked` it holds nothing, commits nothing and fetches nothing of what it lost."""
        one, two = Owner("one"), Owner("two")
        first = await member(bench.log, bench.topic, one)
        await until(lambda: one.held == EVERY)
        second = await member(bench.log, bench.topic, two)
        await until(lambda: len(two.held) == 2 and len(one.held) == 2)
        lost, kept = min(two.held), min(one.held)
        before = await second.committed(lost)
        await fill(bench.log, bench.topic, 1)

        with pytest.raises(StaleOwner):
            await first.commit({lost: before + 1})
        with pytest.raises(StaleOwner):
            await first.commit({kept: await first.committed(kept) + 1, lost: before + 1})

        assert not first.holds(lost)
        assert second.holds(lost)
        assert before == await second.committed(lost)
        assert [] == list(await first.fetch({lost}, 10, 0.05))
        assert 1 == len(await collect(second, {lost}, 1))

    async def test_a_last_commit_while_letting_go_counts(self, bench: Bench) -> None:
        """The next owner begins where the old one committed in `on_revoked`."""
        await fill(bench.log, bench.topic, 3)
        ends = {partition: (await bench.log.bounds(bench.topic, partition)).end for partition in EVERY}
        consumers: list[Consumer] = []

        async def commit(partitions: Collection[int]) -> None:
            await consumers[0].commit({partition: ends[partition] for partition in partitions})

        one, two = Owner("one", revoked=commit), Owner("two")
        consumers.append(await member(bench.log, bench.topic, one))
        await until(lambda: one.held == EVERY)
        await member(bench.log, bench.topic, two)
        await until(lambda: len(two.held) == 2)

        assert {partition: ends[partition] for partition in two.held} == two.begins

    async def test_whoever_leaves_lets_go(self, bench: Bench) -> None:
        """`on_revoked` is called, the others take over, and the one that left is fenced."""
        one, two = Owner("one"), Owner("two")
        first = await member(bench.log, bench.topic, one)
        await member(bench.log, bench.topic, two)
        await until(lambda: len(one.held) == len(two.held) == 2)

        await first.leave()

        assert frozenset() == one.held
        await until(lambda: two.held == EVERY)
        with pytest.raises(StaleOwner):
            await first.commit({0: 1})
        assert not any(first.holds(partition) for partition in EVERY)

    async def test_more_members_than_partitions(self, bench: Bench) -> None:
        """The one too many waits, and moves up when another leaves."""
        owners = [Owner(str(number)) for number in range(3)]
        consumers = [await member(bench.log, bench.other, owner) for owner in owners]
        await until(lambda: sorted(len(owner.held) for owner in owners) == [0, 1, 1])
        (idle,) = [number for number, owner in enumerate(owners) if not owner.held]

        await consumers[(idle + 1) % 3].leave()

        await until(lambda: len(owners[idle].held) == 1)

    # --- the end

    async def test_pending_appends_finish_when_the_log_closes(self, bench: Bench) -> None:
        """Closing waits for what was begun; what comes after is refused."""
        appends = [asyncio.create_task(bench.log.append(bench.topic, b"key", b"%d" % number)) for number in range(50)]
        await asyncio.sleep(0)
        await bench.log.aclose()

        assert 50 == len({position.offset for position in await asyncio.gather(*appends)})
        with pytest.raises(Unavailable):
            await bench.log.append(bench.topic, b"key", b"late")

    async def test_members_let_go_when_the_log_closes(self, bench: Bench) -> None:
        """Whoever is still in a group is asked to let go, and whoever waits is told."""
        consumer, owner = await sole_member(bench.log, bench.topic)
        fetching = asyncio.create_task(consumer.fetch(EVERY, 10, 10 * PATIENCE_S))
        waiting = asyncio.create_task(bench.log.wait(bench.topic, 10 * PATIENCE_S))
        await asyncio.sleep(0)

        async with asyncio.timeout(PATIENCE_S):
            await bench.log.aclose()
            await asyncio.gather(fetching, waiting, return_exceptions=True)

        assert frozenset() == owner.held
        assert not any(consumer.holds(partition) for partition in EVERY)

    async def test_closing_twice_is_once(self, bench: Bench) -> None:
        """The second close does nothing."""
        await bench.log.aclose()
        await bench.log.aclose()


class DurableLogContract(LogContract):
    """For homes that remember; the bench can reopen."""

    async def test_records_and_offsets_survive(self, bench: Bench) -> None:
        """What was acknowledged is there after a restart, and offsets go on from it."""
        positions = await fill(bench.log, bench.topic, 5)
        bounds = await bench.log.bounds(bench.topic, 0)
        before = await read_all(bench.log, bench.topic, 0)

        log = await _reopened(bench)
        after = await read_all(log, bench.topic, 0)
        further = await log.append(bench.topic, keys_of(log, bench.topic, 0)[0], b"further")

        assert before == after
        assert [position.offset for position in positions if position.partition == 0] == [r.offset for r in after]
        assert further.offset >= bounds.end
        assert Bounds(bounds.start, further.offset + 1) == await log.bounds(bench.topic, 0)

    async def test_commits_survive(self, bench: Bench) -> None:
        """A group goes on after a restart where it committed."""
        await fill(bench.log, bench.topic, 5)
        consumer, _ = await sole_member(bench.log, bench.topic)
        some = await collect(consumer, {2}, 5)
        await consumer.commit({2: some[3].offset})

        log = await _reopened(bench)
        consumer, owner = await sole_member(log, bench.topic)

        assert some[3].offset == owner.begins[2]
        assert some[3:] == await collect(consumer, {2}, 2)

    async def test_a_reopened_log_is_read_like_any_other(self, bench: Bench) -> None:
        """Records from before and after a restart come in one order, without a break."""
        await fill(bench.log, bench.topic, 6)
        log = await _reopened(bench)
        await fill(log, bench.topic, 6)
        consumer, _ = await sole_member(log, bench.topic)

        records = await collect(consumer, EVERY, 48)

        for partition in EVERY:
            assert await read_all(log, bench.topic, partition) == [r for r in records if r.partition == partition]
        assert 48 == len(records)


async def _reopened(bench: Bench) -> Log:
    assert bench.reopen is not None
    bench.log = await bench.reopen()
    return bench.log
