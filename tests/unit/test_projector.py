"""The projector, between a log in memory and a projection that a test can look into or break."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import structlog

from hub.errors import HubFault, Unavailable, WriteInDoubt
from hub.log.memory import MemoryLog
from hub.ports import ProjectedBatch, Record
from hub.streams.projector import Projector, Repeats, fetched
from hub.telemetry import Metrics
from schemas.audit import AuditEvent, AuditRecord
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader, Step
from schemas.envelope import Envelope
from schemas.topics import AUDIT, COMMANDS, OUTCOMES
from tests.clock import ManualClock
from tests.fakes.read_models import MemoryReadModels

PACE_S = 0.1
DOSSIER = b"H56.14-261122-0001"
SECRET = "Nguyễn Văn A"
Position = tuple[int, int]


class Shelf:
    """The `Projection` port: remembers what was applied, as (partition, offset) in the order of application.

    `faults` are raised in place of the next applications; while `held` is not set they wait.
    """

    def __init__(self) -> None:
        self.applied: list[Position] = []
        self.batches: list[dict[int, int]] = []
        self.faults: list[HubFault] = []
        self.ids: list[str] = []
        self.held = asyncio.Event()
        self.held.set()
        self._next: dict[tuple[str, int], int] = {}

    async def next_offset(self, topic: str, partition: int) -> int:
        """As the port."""
        return self._next.get((topic, partition), 0)

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """As the port."""
        await self.held.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.batches.append({partition: len(batch.records) for partition, batch in batches.items()})
        for partition, batch in batches.items():
            self._next[topic, partition] = batch.next_offset
            for projected in batch.records:
                assert 1 == sum(part is not None for part in (projected.command, projected.outcome, projected.audit))
                self.applied.append((partition, projected.record.offset))
                self.ids.extend(_ids(projected.command, projected.outcome, projected.audit))


def _ids(*parts: CommandHeader | OutcomeHeader | AuditRecord | None) -> list[str]:
    return [part.request_id if isinstance(part, AuditRecord) else part.message_id for part in parts if part is not None]


class World:
    """A log of four partitions, a projection and the projector between them."""

    def __init__(self) -> None:
        self.clock, self.shelf, self.metrics = ManualClock(), Shelf(), Metrics()
        self.log = MemoryLog(dict.fromkeys((COMMANDS, OUTCOMES, AUDIT), 4), self.clock)
        self.projector = self.again()

    def again(self) -> Projector:
        """Return a projector as a restart would make it."""
        return Projector(self.log, self.shelf, self.clock, self.metrics, pace_s=PACE_S)

    async def command(self, message_id: str, key: bytes = DOSSIER) -> Record:
        """Append a command and return its record."""
        header = CommandHeader(
            kind="dossier",
            message_id=message_id,
            ordering_key=key.decode(),
            sender_agency="H56.14",
            sender_system="mot-cua",
            revision=1,
            received_at=self.clock.now(),
            key_id="k",
            deliveries=(),
        )
        return await self.raw(COMMANDS, Envelope(header.model_dump_json().encode(), b"").to_bytes(), key)

    async def raw(self, topic: str, value: bytes, key: bytes = DOSSIER) -> Record:
        """Append bytes and return their record."""
        at = await self.log.append(topic, key, value)
        (record,) = await self.log.read(topic, at.partition, at.offset, 1)
        return record

    @asynccontextmanager
    async def running(self, topic: str = COMMANDS) -> AsyncIterator[None]:
        """Keep a topic projected."""
        task = asyncio.create_task(self.projector.run(topic))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture
def world() -> World:
    """A fresh one."""
    return World()


def keys_of_two_partitions(log: MemoryLog) -> tuple[bytes, bytes]:
    """Return the keys of two dossiers that lie in different partitions."""
    first = b"H56.14-261122-0001"
    others = (f"H56.14-261122-{number:04d}".encode() for number in range(2, 100))
    return first, next(key for key in others if log.partition_of(COMMANDS, key) != log.partition_of(COMMANDS, first))


async def test_catching_up_applies_one_partition_to_its_end(world: World) -> None:
    """In order, and no other partition with it."""
    here, there = keys_of_two_partitions(world.log)
    for number in range(3):
        await world.command(f"m{number}", here)
        await world.command(f"x{number}", there)

    await world.projector.catch_up(COMMANDS, world.log.partition_of(COMMANDS, here))

    assert ["m0", "m1", "m2"] == world.shelf.ids


async def test_a_long_partition_comes_in_batches(world: World) -> None:
    """Of five hundred records at most, so that a transaction has a bound."""
    for number in range(1201):
        await world.command(f"m{number}")

    await world.projector.catch_up(COMMANDS, world.log.partition_of(COMMANDS, DOSSIER))

    assert [500, 500, 201] == [sum(batch.values()) for batch in world.shelf.batches]
    assert [f"m{number}" for number in range(1201)] == world.shelf.ids


async def test_nothing_is_applied_twice(world: World) -> None:
    """A second call finds nothing to do; a restart goes on where the projection stands, not at the beginning."""
    record = await world.command("m0")
    await world.projector.catch_up(COMMANDS, record.partition)
    await world.projector.catch_up(COMMANDS, record.partition)
    await world.command("m1")
    await world.again().catch_up(COMMANDS, record.partition)

    assert ["m0", "m1"] == world.shelf.ids


async def test_two_who_want_the_same_do_it_once(world: World) -> None:
    """The running projector and a worker that catches up do not apply one record each."""
    record = await world.command("m0")
    world.shelf.held.clear()
    both = asyncio.gather(*(world.projector.catch_up(COMMANDS, record.partition) for _ in range(2)))
    await world.clock.advance(1)
    world.shelf.held.set()
    await both

    assert ["m0"] == world.shelf.ids


async def test_a_running_projector_follows_the_log(world: World) -> None:
    """What is appended is there after the pace; all partitions go into one transaction."""
    here, there = keys_of_two_partitions(world.log)
    async with world.running():
        await world.clock.advance(5)
        assert [] == world.shelf.ids

        await world.command("m0", here)
        await world.command("m1", there)
        await world.clock.advance(PACE_S)
        assert {"m0", "m1"} == set(world.shelf.ids)

        await world.command("m2", here)
        await world.clock.advance(PACE_S)
        assert "m2" == world.shelf.ids[-1]

    assert [2, 1] == [sum(batch.values()) for batch in world.shelf.batches]


@pytest.mark.parametrize(
    "fault", [Unavailable("store.db: no space is left"), WriteInDoubt("store.db: the commit failed")]
)
async def test_a_store_that_cannot_write_is_tried_again(world: World, fault: HubFault) -> None:
    """Every second for as long as it takes, in the same order, with nothing left out and a line each time."""
    world.shelf.faults = [fault, fault]
    await world.command("m0")
    await world.command("m1")
    with structlog.testing.capture_logs() as lines:
        async with world.running():
            await world.clock.advance(1.9)
            assert [] == world.shelf.ids
            await world.clock.advance(0.2)

    assert ["m0", "m1"] == world.shelf.ids
    assert [("projection_waits", COMMANDS, fault.problem_code)] * 2 == [
        (line["event"], line["topic"], line["code"]) for line in lines
    ]


async def test_catching_up_tells_of_a_store_that_cannot_write(world: World) -> None:
    """Whoever needs the end of the log must not go on without it; the next call begins where this one stopped."""
    record = await world.command("m0")
    world.shelf.faults = [Unavailable("full")]

    with pytest.raises(Unavailable):
        await world.projector.catch_up(COMMANDS, record.partition)
    await world.projector.catch_up(COMMANDS, record.partition)

    assert ["m0"] == world.shelf.ids


@pytest.mark.parametrize("topic", [COMMANDS, OUTCOMES, AUDIT])
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"HUB",
        f'{{"name":"{SECRET}"}}'.encode(),
        Envelope(f'{{"x":"{SECRET}"}}'.encode(), b"").to_bytes(),
        b"\xff" * 99,
    ],
    ids=["empty", "short", "JSON", "another header", "no text"],
)
async def test_a_record_that_nobody_can_read_stops_nobody(world: World, topic: str, value: bytes) -> None:
    """It is passed over for good, with a line that names its place and nothing of its content."""
    record = await world.raw(topic, value)
    with structlog.testing.capture_logs() as lines:
        await world.projector.catch_up(topic, record.partition)
        await world.again().catch_up(topic, record.partition)

    assert ([], 0) == (world.shelf.ids, await world.projector.lag_records(topic))
    assert [("record_unreadable", topic, record.partition, 0)] == [
        (line["event"], line["topic"], line["partition"], line["offset"]) for line in lines
    ]
    assert SECRET not in str(lines)


async def test_a_good_record_behind_a_bad_one_is_applied(world: World) -> None:
    """In the same batch."""
    await world.raw(COMMANDS, b"nonsense")
    record = await world.command("m1")
    await world.projector.catch_up(COMMANDS, record.partition)

    assert [(record.partition, 1)] == world.shelf.applied


async def test_outcomes_and_audit_records_are_read_as_what_they_are(world: World) -> None:
    """Each topic has its own form."""
    now = world.clock.now()
    outcome = OutcomeHeader(
        message_id="m0",
        ordering_key="d",
        operation="portal.state",
        platform="portal",
        part=0,
        key_id="",
        source_partition=0,
        source_offset=0,
        attempt=1,
        step=Step.SEND,
        state=DeliveryState.DELIVERED,
        outcome_class=OutcomeClass.DELIVERED,
        code="0",
        started_at=now,
        finished_at=now,
    )
    audit: dict[str, Any] = dict.fromkeys(
        ("agency", "system", "officer", "service", "purpose", "procedure", "dossier_code", "subject", "source"), "x"
    )
    told = AuditRecord(event=AuditEvent.ASKED, request_id="r0", at=now, **audit)
    written = await world.raw(OUTCOMES, Envelope(outcome.model_dump_json().encode(), b"").to_bytes())
    asked = await world.raw(AUDIT, told.model_dump_json().encode())

    await world.projector.catch_up(OUTCOMES, written.partition)
    await world.projector.catch_up(AUDIT, asked.partition)

    assert ["m0", "r0"] == world.shelf.ids


async def test_the_lag_is_what_is_not_projected_yet(world: World) -> None:
    """Over all partitions; it is on the metrics page after each round."""
    here, there = keys_of_two_partitions(world.log)
    for number in range(3):
        await world.command(f"m{number}", here)
    await world.command("x", there)
    assert 4 == await world.projector.lag_records(COMMANDS)

    await world.projector.catch_up(COMMANDS, world.log.partition_of(COMMANDS, here))
    assert 1 == await world.projector.lag_records(COMMANDS)

    async with world.running():
        await world.clock.advance(PACE_S)
    assert 0 == await world.projector.lag_records(COMMANDS)
    assert b'hub_projection_lag_records{topic="hub.commands"} 0.0' in world.metrics.render()[0]


async def _fetched(world: World, start: int, end: int) -> dict[int, ProjectedBatch]:
    """Return some records of the dossier's partition as somebody else would have fetched them."""
    partition = world.log.partition_of(COMMANDS, DOSSIER)
    return {partition: fetched(COMMANDS, await world.log.read(COMMANDS, partition, start, end - start))}


@pytest.mark.parametrize(
    ("offers", "batches"),
    [
        ([(0, 3), (3, 6)], [3, 3]),
        ([(0, 3), (0, 3), (3, 6)], [3, 3]),
        ([(0, 4), (2, 6)], [4, 4]),
        ([(4, 6)], [6]),
        ([(0, 2), (4, 6)], [2, 4]),
    ],
    ids=["in order", "repeated", "overlapping", "nothing before", "a hole"],
)
async def test_what_others_fetched_is_applied_without_a_hole(
    world: World, offers: list[tuple[int, int]], batches: list[int]
) -> None:
    """What is missing before it is read from the log; what is known is not offered to the projection again."""
    for number in range(6):
        await world.command(f"m{number}")
    for start, end in offers:
        await world.projector.offer(COMMANDS, await _fetched(world, start, end))

    assert batches == [sum(batch.values()) for batch in world.shelf.batches]
    assert 6 == world.shelf._next[COMMANDS, world.log.partition_of(COMMANDS, DOSSIER)]


async def test_the_projection_is_asked_again_after_a_failure(world: World) -> None:
    """The write may have happened, or the store may be an older copy by now."""
    partition = world.log.partition_of(COMMANDS, DOSSIER)
    for number in range(3):
        await world.command(f"m{number}")
    await world.projector.catch_up(COMMANDS, partition)
    world.shelf._next[COMMANDS, partition] = 1
    world.shelf.faults = [WriteInDoubt("cut")]
    await world.command("m3")

    with pytest.raises(WriteInDoubt):
        await world.projector.offer(COMMANDS, await _fetched(world, 3, 4))
    await world.projector.offer(COMMANDS, await _fetched(world, 3, 4))

    assert ["m0", "m1", "m2", "m1", "m2", "m3"] == world.shelf.ids


async def test_what_another_process_projected_is_not_read_again(world: World) -> None:
    """Catching up asks the projection how far it is."""
    partition = world.log.partition_of(COMMANDS, DOSSIER)
    await world.command("m0")
    await world.projector.catch_up(COMMANDS, partition)
    for number in range(1, 4):
        await world.command(f"m{number}")
    await world.again().catch_up(COMMANDS, partition)
    await world.command("m4")
    await world.projector.catch_up(COMMANDS, partition)

    assert ["m0", "m1", "m2", "m3", "m4"] == world.shelf.ids


class Firsts(MemoryReadModels):
    """Read models that know where each message came first, as far as the shelf has it."""

    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._shelf = shelf

    async def first_offset(self, message_id: str) -> int | None:
        """As the port."""
        if message_id not in self._shelf.ids:
            return None
        return self._shelf.applied[self._shelf.ids.index(message_id)][1]


async def test_a_message_that_was_appended_again_is_a_repeat(world: World) -> None:
    """The second record is, the first is not, although nothing had been projected before the question."""
    first, second = await world.command("m0"), await world.command("m0")
    repeats = Repeats(world.projector, Firsts(world.shelf))
    header = CommandHeader.model_validate_json(Envelope.from_bytes(second.value).header)

    assert await repeats.is_repeat(second, header)
    assert not await repeats.is_repeat(first, header)


async def test_whether_a_message_is_a_repeat_is_not_guessed(world: World) -> None:
    """With a store that cannot write nobody knows, and the worker is told so."""
    record = await world.command("m0")
    world.shelf.faults = [Unavailable("full")]
    header = CommandHeader.model_validate_json(Envelope.from_bytes(record.value).header)

    with pytest.raises(Unavailable):
        await Repeats(world.projector, Firsts(world.shelf)).is_repeat(record, header)
