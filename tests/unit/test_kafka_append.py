"""What an append to Kafka says came of it, whatever the brokers do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.memory_records import MemoryRecords

from hub.clock import SystemClock
from hub.errors import Overloaded, TooLarge, Unavailable, WriteInDoubt
from hub.log.kafka.append import Appender, Place
from hub.log.kafka.limits import KafkaLimits
from hub.ports import Position

PLACE = ("commands", 0)
OTHER = ("commands", 1)
LIMITS = KafkaLimits(pending_max=5, append_wait_s=0.3, request_wait_s=1.0, record_bytes_max=1000, batch_bytes_max=4000)

LOST = WriteInDoubt("no answer")
UNSENT = Unavailable("not sent")


@dataclass(frozen=True, slots=True)
class Sent:
    """One batch as it left: its place, the producer's account, and its values."""

    place: Place
    epoch: int
    sequence: int
    values: tuple[bytes, ...]


Answer = int | Exception
"""An error code of Kafka (0 is success), or what the link raises."""


@dataclass
class Wire:
    """A link whose answers are written down beforehand; then all is well. Offsets count per place from 100."""

    script: list[Answer] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    requests: int = 0
    leaderless: bool = False
    hold: asyncio.Event | None = None

    def leader(self, _topic: str, _partition: int) -> int | None:
        """One broker leads everything."""
        return None if self.leaderless else 1

    def anyone(self) -> int:
        """The same broker."""
        return 1

    def refresh(self) -> None:
        """Nothing to look up."""

    async def send(self, _node: int, request: Any) -> Any:
        """Answer by the script."""
        if not isinstance(request, ProduceRequest):
            return SimpleNamespace(error_code=0, producer_id=7)
        self.requests += 1
        batches = [_sent(topic, partition, data) for topic, parts in request._topics for partition, data in parts]
        self.sent += batches
        if self.hold is not None:
            await self.hold.wait()
        answer = self.script.pop(0) if self.script else 0
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(topics=[(batch.place[0], [(batch.place[1], answer, 100, -1, 0)]) for batch in batches])


def _sent(topic: str, partition: int, data: bytes) -> Sent:
    records = MemoryRecords(data)
    batch: Any = records.next_batch()
    assert not records.has_next()
    assert batch.producer_id == 7
    return Sent((topic, partition), batch.producer_epoch, batch.base_sequence, tuple(entry.value for entry in batch))


Build = Callable[..., Appender]


@pytest.fixture
async def build() -> AsyncIterator[Build]:
    """Build appenders that are closed at the end."""
    built: list[Appender] = []

    def make(wire: Wire, limits: KafkaLimits = LIMITS) -> Appender:
        built.append(Appender(wire, SystemClock(), limits, lambda _topic: None))
        return built[-1]

    yield make
    for appender in built:
        await appender.aclose()


async def put(appender: Appender, *values: bytes, place: Place = PLACE) -> Sequence[Any]:
    """Append values at once and return what came of each."""
    return await asyncio.gather(*(appender.put(place, b"key", value) for value in values), return_exceptions=True)


async def test_what_waits_together_goes_together(build: Build) -> None:
    """Appends of one moment are one batch, and offsets follow their order."""
    wire = Wire()
    positions = await put(build(wire), b"a", b"b", b"c")

    assert [Position("commands", 0, offset) for offset in (100, 101, 102)] == positions
    assert [Sent(PLACE, 0, 0, (b"a", b"b", b"c"))] == wire.sent


async def test_partitions_share_a_request(build: Build) -> None:
    """One request carries what waits for all partitions of a broker."""
    wire = Wire()
    appender = build(wire)
    await asyncio.gather(put(appender, b"a"), put(appender, b"b", place=OTHER))

    assert wire.requests == 1
    assert {PLACE, OTHER} == {batch.place for batch in wire.sent}


async def test_sequences_go_on(build: Build) -> None:
    """Each batch of a partition begins where the last one ended."""
    wire = Wire()
    appender = build(wire)
    for values in ((b"a", b"b"), (b"c",), (b"d",)):
        await put(appender, *values)

    assert [0, 2, 3] == [batch.sequence for batch in wire.sent]


@pytest.mark.parametrize("code", [6, 19, 3, 5])
async def test_a_definite_no_is_tried_again(build: Build, code: int) -> None:
    """Not leader, not enough replicas: nothing was written, the same sequence is used again, and it works."""
    wire = Wire([code])
    (position,) = await put(build(wire), b"a")

    assert Position("commands", 0, 100) == position
    assert [Sent(PLACE, 0, 0, (b"a",))] * 2 == wire.sent


@pytest.mark.parametrize("answer", [19, UNSENT])
async def test_a_definite_no_to_the_end_is_unavailable(build: Build, answer: Answer) -> None:
    """When no try can have written it, the caller hears so, within the time that an append has."""
    wire = Wire([answer] * 50)
    async with asyncio.timeout(LIMITS.append_wait_s + LIMITS.request_wait_s):
        (error,) = await put(build(wire), b"a")

    assert isinstance(error, Unavailable)


async def test_without_a_leader_it_is_unavailable(build: Build) -> None:
    """Nothing is sent when nobody leads the partition."""
    wire = Wire(leaderless=True)
    (error,) = await put(build(wire), b"a")

    assert isinstance(error, Unavailable)
    assert [] == wire.sent


async def test_a_lost_answer_is_asked_for_with_the_same_batch(build: Build) -> None:
    """The broker recognises a batch by its sequence: sending it again finds out what became of it."""
    wire = Wire([LOST, UNSENT, 6, 0])
    appender = build(wire)
    (position,) = await put(appender, b"a")
    await put(appender, b"b")

    assert Position("commands", 0, 100) == position
    assert [Sent(PLACE, 0, 0, (b"a",))] * 4 + [Sent(PLACE, 0, 1, (b"b",))] == wire.sent


@pytest.mark.parametrize("then", [LOST, UNSENT, 6, 19, 7, 20])
async def test_a_doubt_that_stays_is_said(build: Build, then: Answer) -> None:
    """Once a try may have been written, no later failure makes it certain that it was not."""
    wire = Wire([LOST] + [then] * 50)
    (error,) = await put(build(wire), b"a")

    assert isinstance(error, WriteInDoubt)


@pytest.mark.parametrize("code", [7, 20, 56, -1, 1234])
async def test_codes_that_leave_a_doubt(build: Build, code: int) -> None:
    """Timed out after the leader wrote, too few replicas afterwards, a broken disk, the unknown: all may be written."""
    wire = Wire([code] * 50)
    (error,) = await put(build(wire), b"a")

    assert isinstance(error, WriteInDoubt)


async def test_a_doubt_that_is_given_up_ends_the_epoch(build: Build) -> None:
    """What comes after begins a new epoch, so that the broker refuses a late copy of what was given up."""
    wire = Wire([LOST] * 50)
    appender = build(wire)
    await put(appender, b"a")
    wire.script.clear()
    await put(appender, b"b")
    await put(appender, b"c")

    assert [Sent(PLACE, 1, 0, (b"b",)), Sent(PLACE, 1, 1, (b"c",))] == wire.sent[-2:]


async def test_others_wait_behind_a_doubt(build: Build) -> None:
    """Order is kept: what comes after a doubted batch is not sent before that one has come to its end."""
    wire = Wire([LOST] * 50)
    appender = build(wire)
    first = appender.put(PLACE, b"key", b"a")
    await asyncio.sleep(0.05)
    appender.put(PLACE, b"key", b"b")
    with pytest.raises(WriteInDoubt):
        await first

    assert {(b"a",)} == {batch.values for batch in wire.sent}


async def test_a_lost_sequence_begins_an_epoch(build: Build) -> None:
    """When the broker forgot the producer, and nothing is in doubt, a new epoch is begun and the record written."""
    wire = Wire([45])
    (position,) = await put(build(wire), b"a")

    assert Position("commands", 0, 100) == position
    assert [(0, 0), (1, 0)] == [(batch.epoch, batch.sequence) for batch in wire.sent]


async def test_a_lost_sequence_in_doubt_is_a_doubt(build: Build) -> None:
    """A broker that forgot the producer cannot say whether the earlier try was written."""
    (error,) = await put(build(Wire([LOST, 45])), b"a")

    assert isinstance(error, WriteInDoubt)


async def test_a_known_duplicate_without_a_place_is_a_doubt(build: Build) -> None:
    """It is written, but the caller is owed a position."""
    (error,) = await put(build(Wire([46])), b"a")

    assert isinstance(error, WriteInDoubt)


async def test_too_large_for_the_topic(build: Build) -> None:
    """A record that the topic does not take is the caller's; a batch is the operator's."""
    assert isinstance((await put(build(Wire([10])), b"a"))[0], TooLarge)
    assert isinstance((await put(build(Wire([10])), b"a", b"b"))[0], Unavailable)


async def test_too_large_for_the_log(build: Build) -> None:
    """It is refused before it waits."""
    with pytest.raises(TooLarge):
        build(Wire()).put(PLACE, b"k", bytes(1000))


async def test_memory_is_bounded(build: Build) -> None:
    """Past the bound an append is refused at once; when there is room, it is taken."""
    wire = Wire(hold=asyncio.Event())
    appender = build(wire)
    waiting = [appender.put(PLACE, b"key", b"a") for _ in range(LIMITS.pending_max)]
    with pytest.raises(Overloaded):
        appender.put(PLACE, b"key", b"b")
    assert wire.hold is not None
    wire.hold.set()
    await asyncio.gather(*waiting)

    assert isinstance((await put(appender, b"c"))[0], Position)


async def test_a_refusal_gives_its_room_back(build: Build) -> None:
    """Failed appends count no longer."""
    wire = Wire([29] * 3)
    appender = build(wire)
    for _ in range(3):
        assert {Unavailable} == {type(error) for error in await put(appender, *[b"a"] * LIMITS.pending_max)}

    assert isinstance((await put(appender, b"c"))[0], Position)


async def test_large_batches_are_split(build: Build) -> None:
    """A batch weighs no more than its bound."""
    wire = Wire()
    await put(build(wire), *[bytes([number]) * 900 for number in range(5)])

    assert max(len(batch.values) for batch in wire.sent) <= 4
    assert [bytes([number]) * 900 for number in range(5)] == [value for batch in wire.sent for value in batch.values]


async def test_closing_fails_nothing_that_can_be_written(build: Build) -> None:
    """What was begun is brought to its end first."""
    wire = Wire([19, LOST])
    appender = build(wire)
    waiting = [appender.put(PLACE, b"key", b"a"), appender.put(OTHER, b"key", b"b")]
    await appender.aclose()

    assert {Position} == {type(await done) for done in waiting}
    with pytest.raises(Unavailable):
        appender.put(PLACE, b"key", b"late")


async def test_closing_ends_when_the_last_append_was_given_up(build: Build) -> None:
    """Without a leader what waits is Unavailable in its time, and then there is nothing to wait for."""
    appender = build(Wire(leaderless=True))
    appending = asyncio.create_task(put(appender, b"a"))
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await appender.aclose()

    assert [Unavailable] == [type(came) for came in await appending]
