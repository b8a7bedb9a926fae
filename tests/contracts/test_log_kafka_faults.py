"""The log on Kafka when brokers die, freeze and come back, when members sleep, and when offsets lie elsewhere."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition

from hub.clock import SystemClock
from hub.errors import HubFault, StaleOwner, Unavailable, WriteInDoubt
from hub.log.kafka.log import KafkaLog
from hub.log.kafka.member import KafkaMember
from hub.ports import Consumer, Position
from tests.contracts.kafka_broker import Kafka
from tests.contracts.log_suite import EVERY, Owner, collect, fill, keys_of, member, read_all, sole_member, until
from tests.contracts.test_log_kafka import LIMITS

QUICK = replace(LIMITS, append_wait_s=1.0, request_wait_s=1.0)
TOLD_WITHIN_S = QUICK.append_wait_s + 2 * QUICK.request_wait_s + 2.0


@dataclass(slots=True)
class Told:
    """What callers were told about their values."""

    written: dict[bytes, Position] = field(default_factory=dict)
    refused: set[bytes] = field(default_factory=set)
    doubted: set[bytes] = field(default_factory=set)
    slowest_s: float = 0.0


@asynccontextmanager
async def topic(kafka: Kafka, partitions: int = 4) -> AsyncIterator[str]:
    """Make a topic."""
    name = f"{kafka.prefix()}.commands"
    await kafka.create({name: partitions})
    yield name


@asynccontextmanager
async def opened(kafka: Kafka, name: str, partitions: int = 4) -> AsyncIterator[KafkaLog]:
    """Open a log on a topic, as another process would."""
    log = await KafkaLog.open(kafka.bootstrap, {name: partitions}, SystemClock(), QUICK)
    try:
        yield log
    finally:
        await log.aclose()


async def keep_appending(log: KafkaLog, name: str, told: Told, writer: int, ending: asyncio.Event) -> None:
    """Append one value after the other; never the same twice."""
    number = 0
    while not ending.is_set():
        number += 1
        value = b"%d-%d" % (writer, number)
        begun_s = time.monotonic()
        try:
            told.written[value] = await log.append(name, b"key-%d" % (number % 50), value)
        except Unavailable:
            told.refused.add(value)
            await asyncio.sleep(0.02)
        except WriteInDoubt:
            told.doubted.add(value)
        told.slowest_s = max(told.slowest_s, time.monotonic() - begun_s)


async def everything(log: KafkaLog, name: str) -> dict[Position, bytes]:
    """Read a whole topic."""
    records = [record for partition in range(log.partitions(name)) for record in await read_all(log, name, partition)]
    return {Position(name, record.partition, record.offset): record.value for record in records}


def check(told: Told, found: Mapping[Position, bytes]) -> None:
    """What was told is true: the written are where they were said to be, the refused are nowhere, nothing is twice."""
    values = list(found.values())
    assert {} == {value: at for value, at in told.written.items() if found.get(at) != value}
    assert set() == told.refused & set(values)
    assert len(set(values)) == len(values)
    assert set(values) <= told.written.keys() | told.doubted
    assert told.slowest_s < TOLD_WITHIN_S


async def works_again(log: KafkaLog, name: str) -> None:
    """Wait until an append succeeds."""
    async with asyncio.timeout(30):
        while True:
            try:
                await log.append(name, b"key", b"again")
            except HubFault:
                await asyncio.sleep(0.1)
            else:
                return


class TestBrokerAway:
    """The broker dies, or freezes, and comes back."""

    async def test_what_callers_were_told_is_true(self, kafka: Kafka) -> None:
        """Through a kill, a restart, and a freeze, every append ends in time with an honest word; then all is well."""
        told, ending = Told(), asyncio.Event()
        async with topic(kafka) as name, opened(kafka, name) as log:
            writers = [asyncio.create_task(keep_appending(log, name, told, number, ending)) for number in range(20)]
            await asyncio.sleep(0.5)
            await kafka.broker.kill()
            await asyncio.sleep(QUICK.append_wait_s + 0.5)
            await kafka.broker.start()
            await asyncio.sleep(1)
            kafka.broker.pause()
            await asyncio.sleep(3 * QUICK.request_wait_s)
            kafka.broker.resume()
            await asyncio.sleep(0.5)
            ending.set()
            await asyncio.gather(*writers)
            found = await everything(log, name)
            await works_again(log, name)

        check(told, found)
        assert told.refused
        assert told.doubted
        assert len(told.written) > 100

    async def test_a_member_outlives_its_broker(self, kafka: Kafka) -> None:
        """Certainty ends while the broker is away; then records come again, and commits work, without a restart."""
        async with topic(kafka) as name, opened(kafka, name) as log:
            consumer, owner = await sole_member(log, name)
            first = await fill(log, name, 2)
            await collect(consumer, EVERY, len(first))
            await kafka.broker.kill()
            await until(lambda: not any(map(consumer.holds, EVERY)))
            assert [] == list(await consumer.fetch(EVERY, 10, 0.1))
            with pytest.raises(Unavailable):
                await consumer.commit({0: 1})
            await kafka.broker.start()
            await works_again(log, name)

            await until(lambda: owner.held == EVERY and all(map(consumer.holds, EVERY)))
            # What was fetched and not committed may come again.
            records = await collect(consumer, EVERY, 1)
            while b"again" not in {record.value for record in records}:
                records = await collect(consumer, EVERY, 1)
            await consumer.commit({records[-1].partition: records[-1].offset + 1})
            assert records[-1].offset + 1 == await consumer.committed(records[-1].partition)

    async def test_a_frozen_broker_leaves_nobody_certain(self, kafka: Kafka) -> None:
        """Without answers to heartbeats, certainty ends before the session does."""
        async with topic(kafka) as name, opened(kafka, name) as log:
            consumer, _ = await sole_member(log, name)
            kafka.broker.pause()
            begun_s = time.monotonic()
            try:
                await until(lambda: not any(map(consumer.holds, EVERY)))
                assert time.monotonic() - begun_s < QUICK.session_timeout_s
            finally:
                kafka.broker.resume()
            await until(lambda: all(map(consumer.holds, EVERY)))


class TestMembers:
    """Members of different processes."""

    async def test_ownership_never_overlaps(self, kafka: Kafka) -> None:
        """While members come and go under load, no partition is held by two, and nothing is left out."""
        async with topic(kafka) as name, opened(kafka, name) as here, opened(kafka, name) as there:
            told, ending = Told(), asyncio.Event()
            writing = asyncio.create_task(keep_appending(here, name, told, 0, ending))
            crew = Crew(name)
            watching = asyncio.create_task(crew.watch())
            await crew.hire(here)
            await crew.hire(there)
            await asyncio.sleep(0.7)
            await crew.hire(there)
            await asyncio.sleep(0.7)
            await crew.dismiss(1)
            await asyncio.sleep(0.7)
            ending.set()
            await writing
            await until(lambda: told.written.keys() <= crew.seen)
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await crew.disband()

        assert 0 == crew.overlaps
        assert crew.looks > 100
        assert crew.moves > 4

    async def test_a_member_that_slept_finds_out(self, kafka: Kafka) -> None:
        """A process that stood still for a session holds nothing when it wakes, and cannot commit."""
        async with topic(kafka) as name, opened(kafka, name) as log:
            sleeper = Sleeper(kafka, name)
            try:
                await asyncio.to_thread(sleeper.join)
                asleep = asyncio.create_task(asyncio.to_thread(sleeper.sleep, QUICK.session_timeout_s + 1))
                awake, owner = await sole_member(log, name)
                assert owner.held == EVERY
                await awake.commit({0: 0})
                held, refused = await asleep
            finally:
                await asyncio.to_thread(sleeper.end)

        assert set() == held
        assert refused

    async def test_an_owner_may_take_longer_than_a_session(self, kafka: Kafka) -> None:
        """While `on_assigned` is under way heartbeats go on: the partitions stay, and are told once."""

        async def slowly(_partitions: Collection[int]) -> None:
            await asyncio.sleep(QUICK.session_timeout_s + 1)

        async with topic(kafka) as name, opened(kafka, name) as log:
            owner = Owner(assigned=slowly)
            consumer = await member(log, name, owner)
            await until(lambda: owner.held == EVERY)

            assert all(map(consumer.holds, EVERY))
            assert [("owner", "assigned", EVERY)] == owner.diary

    async def test_an_owner_that_does_not_let_go_is_out(self, kafka: Kafka) -> None:
        """The group goes on without it, and its own fetch says so."""

        async def never(_partitions: Collection[int]) -> None:
            await asyncio.sleep(60)

        async with topic(kafka) as name, opened(kafka, name) as log:
            stubborn, _ = await _joined(log, name, Owner(revoked=never))
            _, other = await _joined(log, name, Owner())
            with pytest.raises(StaleOwner, match="too long"):
                await collect(stubborn, EVERY, 1)
            await until(lambda: other.held == EVERY)

            assert not any(map(stubborn.holds, EVERY))

    async def test_a_named_member_comes_back_to_what_it_held(self, kafka: Kafka) -> None:
        """A process that restarts under its name within the session disturbs nobody."""
        async with topic(kafka) as name, opened(kafka, name) as log:
            named = await KafkaLog.open(kafka.bootstrap, {name: 4}, SystemClock(), QUICK, member="worker-1")
            _, first = await _joined(named, name, Owner())
            _, other = await _joined(log, name, Owner())
            await until(lambda: len(first.held) == len(other.held) == 2)
            before, told = first.held, len(other.diary)
            await named.aclose()
            again = await KafkaLog.open(kafka.bootstrap, {name: 4}, SystemClock(), QUICK, member="worker-1")
            try:
                _, second = await _joined(again, name, Owner())
                await until(lambda: second.held == before)
                assert told == len(other.diary)
            finally:
                await again.aclose()


class TestOffsets:
    """Offsets that the group remembers and the topic does not hold."""

    async def test_past_the_end(self, kafka: Kafka) -> None:
        """A log that lost its end is told, not jumped over."""
        async with topic(kafka) as name, opened(kafka, name) as log:
            consumer, _ = await sole_member(log, name)
            await consumer.commit({0: 1000})
            await consumer.leave()
            next_one = await member(log, name, Owner())
            with pytest.raises(HubFault, match="committed 1000"):
                await collect(next_one, EVERY, 1)

    async def test_before_the_start(self, kafka: Kafka) -> None:
        """Records that were deleted before they were read are told, to the next member and to the one that reads."""
        async with topic(kafka) as name, opened(kafka, name) as log:
            await fill(log, name, 10)
            consumer, _ = await sole_member(log, name)
            await consumer.commit({0: 2})
            await consumer.leave()
            await _delete(kafka, name, 0, 5)
            next_one = await member(log, name, Owner())
            with pytest.raises(HubFault, match=r"committed 2 in .* which holds 5 to 10"):
                await collect(next_one, EVERY, 1)

    async def test_a_reader_outside_groups_begins_where_the_log_begins(self, kafka: Kafka) -> None:
        """It asks for the bounds itself and decides; a read before the start gives what there is."""
        async with topic(kafka) as name, opened(kafka, name) as log:
            await fill(log, name, 10)
            await _delete(kafka, name, 0, 5)

            assert [5, 6] == [record.offset for record in await log.read(name, 0, 0, 2)]
            assert (5, 10) == ((await log.bounds(name, 0)).start, (await log.bounds(name, 0)).end)


class TestSizes:
    """Records that are larger than what is fetched at a time."""

    async def test_large_records_reach_readers_and_members(self, kafka: Kafka) -> None:
        """Each comes, in order, from every partition, however small the windows are."""
        small = replace(QUICK, prefetch_bytes_max=10_000, read_bytes_max=10_000)
        async with topic(kafka) as name:
            log = await KafkaLog.open(kafka.bootstrap, {name: 4}, SystemClock(), small)
            try:
                keys = [keys_of(log, name, partition)[0] for partition in EVERY]
                values = [bytes([number]) * 300_000 for number in range(5)]
                await asyncio.gather(*(log.append(name, key, value) for value in values for key in keys))
                consumer, _ = await sole_member(log, name)
                fetched = await collect(consumer, EVERY, 20)
                read = [record for partition in EVERY for record in await read_all(log, name, partition)]
            finally:
                await log.aclose()

        for records in (fetched, read):
            assert dict.fromkeys(EVERY, values) == {
                number: [record.value for record in records if record.partition == number] for number in EVERY
            }


class TestWait:
    """Waiting for appends of others."""

    async def test_another_process_wakes_us(self, kafka: Kafka) -> None:
        """An append through another log ends the waiting."""
        async with topic(kafka) as name, opened(kafka, name) as here, opened(kafka, name) as there:
            waiting = asyncio.create_task(here.wait(name, 60))
            await asyncio.sleep(0.5)
            assert not waiting.done()
            await there.append(name, b"key", b"value")
            async with asyncio.timeout(5):
                await waiting


async def _joined(log: KafkaLog, name: str, owner: Owner) -> tuple[Consumer, Owner]:
    """Join, and wait for the first partitions."""
    consumer = await member(log, name, owner)
    await until(lambda: bool(owner.held))
    return consumer, owner


async def _delete(kafka: Kafka, name: str, partition: int, before: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_records({TopicPartition(name, partition): RecordsToDelete(before)})
    finally:
        await admin.close()


class Crew:
    """Members that fetch and commit, and a watch over who holds what."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: set[bytes] = set()
        self.overlaps = self.looks = self.moves = 0
        self._consumers: list[tuple[KafkaMember, asyncio.Task[None]]] = []

    async def hire(self, log: KafkaLog) -> None:
        """Add a member."""
        consumer = await log.join("crew", self.name, Owner(assigned=self._count))
        self._consumers.append((consumer, asyncio.create_task(self._work(consumer))))

    async def _count(self, _partitions: Collection[int]) -> None:
        self.moves += 1

    async def _work(self, consumer: KafkaMember) -> None:
        while True:
            records = await consumer.fetch(EVERY, 100, 0.1)
            self.seen.update(record.value for record in records)
            try:
                await consumer.commit({record.partition: record.offset + 1 for record in records})
            except StaleOwner:
                continue

    async def watch(self) -> None:
        """Look all the time."""
        while True:
            for partition in EVERY:
                holders = [consumer for consumer, _ in self._consumers if consumer.holds(partition)]
                self.overlaps += len(holders) > 1
            self.looks += 1
            await asyncio.sleep(0.001)

    async def dismiss(self, number: int) -> None:
        """Let one leave."""
        consumer, task = self._consumers[number]
        task.cancel()
        await consumer.leave()

    async def disband(self) -> None:
        """Let all leave."""
        for number in range(len(self._consumers)):
            await self.dismiss(number)


class Sleeper:
    """A member in a thread with an event loop of its own, which can stand still as a stopped process does."""

    def __init__(self, kafka: Kafka, name: str) -> None:
        self._kafka = kafka
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def join(self) -> None:
        """Become the sole member."""
        asyncio.run_coroutine_threadsafe(self._join(), self._loop).result(30)

    async def _join(self) -> None:
        self._log = await KafkaLog.open(self._kafka.bootstrap, {self._name: 4}, SystemClock(), QUICK)
        self._consumer, _ = await sole_member(self._log, self._name)

    def sleep(self, for_s: float) -> tuple[set[int], bool]:
        """Stand still; say what is held in the very moment of waking, and whether a commit is refused."""
        return asyncio.run_coroutine_threadsafe(self._sleep(for_s), self._loop).result(30)

    async def _sleep(self, for_s: float) -> tuple[set[int], bool]:
        time.sleep(for_s)  # noqa: ASYNC251 - standing still is the point
        held = {partition for partition in EVERY if self._consumer.holds(partition)}
        try:
            await self._consumer.commit({0: 1})
        except StaleOwner:
            return held, True
        return held, False

    def end(self) -> None:
        """Close the log and end the thread."""
        asyncio.run_coroutine_threadsafe(self._log.aclose(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
