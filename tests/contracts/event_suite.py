"""What the status events promise on every store: numbers without gaps, repeats that can be recognised, nothing lost.

A test module subclasses the contract and overrides `new_database`: what opens an empty store.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.errors import ConfigInvalid, HubError, HubFault, Unavailable, WriteInDoubt
from hub.events.ledger import EventLedger
from hub.events.publisher import Publisher, PublisherLimits
from hub.log.memory import MemoryLog
from hub.ports import DeliveryId, OutboxEvent, Position, Projected, ProjectedBatch
from hub.store import tables
from hub.store.database import Database
from hub.store.events.events import SqlEvents
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader, PlannedDelivery, Step
from schemas.envelope import Envelope
from schemas.event import DossierEvent
from tests.clock import ManualClock

COMMANDS, OUTCOMES, EVENTS = "hub.commands", "hub.outcomes", "hub.events"
PARTITIONS = 4
SYNC, PROGRESS = "national_portal.dossier_sync", "national_portal.dossier_progress"
SOURCE = "urn:lgsp:test"
NewDatabase = Callable[[], Awaitable[Database]]


class UnsteadyLog(MemoryLog):
    """A log whose next appends to the events fail: `before` without the record, `after` with it."""

    def __init__(self, clock: ManualClock, partitions: int = PARTITIONS) -> None:
        super().__init__(dict.fromkeys((COMMANDS, OUTCOMES, EVENTS), partitions), clock)
        self.before: list[HubError | None] = []
        self.after: list[HubError | None] = []

    async def append(self, topic: str, key: bytes, value: bytes) -> Position:
        """As the port, with trouble."""
        if topic != EVENTS:
            return await super().append(topic, key, value)
        await asyncio.sleep(0)
        if self.before and (fault := self.before.pop(0)):
            raise fault
        position = await super().append(topic, key, value)
        if self.after and (fault := self.after.pop(0)):
            raise fault
        return position


class Site:
    """A log, a store, a ledger and a publisher; `restart` makes new ones over what lasts."""

    def __init__(self, database: Database, log: UnsteadyLog, clock: ManualClock) -> None:
        self.database, self.log, self.clock = database, log, clock
        self.store = SqlEvents(database, SOURCE)
        self.restart()

    def restart(self) -> None:
        """Forget everything that lies in memory."""
        self.ledger = EventLedger(self.log, self.store, self.clock)
        self.publisher = Publisher(self.log, self.store, self.clock)

    async def accept(self, dossier: str, message_id: str, *, operations: tuple[str, ...] = (SYNC,)) -> Position:
        """Append a command."""
        header = CommandHeader(
            kind="dossier",
            message_id=message_id,
            ordering_key=dossier,
            sender_agency="H56.14",
            sender_system="mot-cua",
            revision=1,
            received_at=self.clock.now(),
            key_id="k",
            deliveries=tuple(PlannedDelivery(operation=name, platform="national_portal") for name in operations),
        )
        return await self.log.append(COMMANDS, dossier.encode(), _envelope(header))

    async def outcome(
        self, dossier: str, message_id: str, at: Position, state: DeliveryState, operation: str = SYNC
    ) -> None:
        """Append an outcome."""
        header = OutcomeHeader(
            message_id=message_id,
            ordering_key=dossier,
            operation=operation,
            platform="national_portal",
            part=0,
            key_id="",
            source_partition=at.partition,
            source_offset=at.offset,
            attempt=1,
            step=Step.SEND,
            state=state,
            outcome_class=OutcomeClass.UNKNOWN,
            code="0",
            started_at=self.clock.now(),
            finished_at=self.clock.now(),
        )
        await self.log.append(OUTCOMES, dossier.encode(), _envelope(header))

    async def project(self, topic: str, records_max: int = 100, again: int = 0) -> None:
        """Apply what the topic holds, `again` records before the end of the last time included."""
        for partition in range(PARTITIONS):
            await self.project_partition(topic, partition, records_max, again)

    async def project_partition(self, topic: str, partition: int, records_max: int = 100, again: int = 0) -> None:
        """Apply one partition of a topic."""
        at = max(0, await self.ledger.next_offset(topic, partition) - again)
        records = await self.log.read(topic, partition, at, records_max)
        if records:
            read = [_read(topic, record) for record in records]
            batch = ProjectedBatch([each for each in read if each], records[-1].offset + 1, at)
            await self.ledger.apply(topic, {partition: batch})

    async def settle(self) -> None:
        """Project and publish everything."""
        for topic in (OUTCOMES, COMMANDS):
            await self.project(topic)
        while await self.publisher.publish():
            continue

    async def events(self) -> list[dict[str, Any]]:
        """Return everything in `hub.events`, partition by partition."""
        found = []
        for partition in range(PARTITIONS):
            for record in await self.log.read(EVENTS, partition, 0, 100_000):
                DossierEvent.model_validate_json(record.value)
                event = orjson.loads(record.value)
                assert (event["subject"], partition) == (
                    record.key.decode(),
                    self.log.partition_of(COMMANDS, record.key),
                )
                found.append(event)
        return found

    async def told(self, dossier: str) -> list[tuple[int, str]]:
        """Return (seq, kind) of a dossier's events without their repeats, in the order of the log."""
        return [(event["seq"], event["data"]["state"]) for event in judged(await self.events())[dossier]]

    async def tables(self) -> dict[str, list[Any]]:
        """Return what the store knows, order and claims aside."""
        told = (tables.event_message, tables.event_delivery, tables.event_dossier, tables.event_source)
        rest = (tables.event_outbox, tables.event_known)
        return {
            table.name: await self.database.read(
                lambda connection, table=table: sorted(map(tuple, connection.execute(select(table))), key=repr)  # type: ignore[misc]  # bound early on purpose
            )
            for table in (*told, *rest)
        }


def judged(events: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Judge as a consumer would: first appearances count 1, 2, 3; whatever else comes is a repeat of an id."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    seen: dict[str, dict[str, Any]] = {}
    for event in events:
        if event["id"] in seen:
            assert seen[event["id"]] == event, "a repeat differs"
            continue
        assert event["seq"] == len(found[event["subject"]]) + 1, "a gap, or out of order"
        seen[event["id"]] = event
        found[event["subject"]].append(event)
    return found


def dossier(number: int) -> str:
    """Return a dossier code."""
    return f"H56.14-261122-{number:04d}"


def _envelope(header: CommandHeader | OutcomeHeader) -> bytes:
    return Envelope(header.model_dump_json().encode(), b"").to_bytes()


def _read(topic: str, record: Any) -> Projected:
    header = Envelope.from_bytes(record.value).header
    if topic == COMMANDS:
        return Projected(record, command=CommandHeader.model_validate_json(header))
    return Projected(record, outcome=OutcomeHeader.model_validate_json(header))


class EventContract:
    """The ledger of events and its publisher."""

    @pytest.fixture
    def new_database(self) -> NewDatabase:
        """To be overridden."""
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> ManualClock:
        """Time stands still."""
        return ManualClock()

    @pytest.fixture
    async def site(self, new_database: NewDatabase, clock: ManualClock) -> Site:
        """An empty one."""
        return Site(await new_database(), UnsteadyLog(clock), clock)

    async def test_the_life_of_a_dossier(self, site: Site) -> None:
        """Acceptance, deliveries, completion; the next message goes on counting."""
        first = await site.accept(dossier(1), "m1", operations=(SYNC, PROGRESS))
        await site.outcome(dossier(1), "m1", first, DeliveryState.PARKED)
        await site.outcome(dossier(1), "m1", first, DeliveryState.DELIVERED)
        await site.outcome(dossier(1), "m1", first, DeliveryState.DELIVERED, PROGRESS)
        await site.settle()
        await site.accept(dossier(1), "m2")
        await site.settle()

        assert [
            (1, "accepted"),
            (2, "delivered"),
            (3, "delivered"),
            (4, "completed"),
            (5, "accepted"),
        ] == await site.told(dossier(1))

    async def test_accepted_comes_first(self, site: Site) -> None:
        """Also when the outcomes are read before the commands."""
        at = await site.accept(dossier(1), "m1")
        await site.outcome(dossier(1), "m1", at, DeliveryState.DEAD)
        await site.project(OUTCOMES)
        await site.project(COMMANDS)
        await site.settle()

        assert [(1, "accepted"), (2, "dead")] == await site.told(dossier(1))

    async def test_what_was_applied_is_passed_over(self, site: Site) -> None:
        """A batch that comes again, or overlaps, tells nothing twice."""
        at = await site.accept(dossier(1), "m1")
        await site.outcome(dossier(1), "m1", at, DeliveryState.DEAD)
        await site.settle()
        before = await site.tables()
        for topic in (COMMANDS, OUTCOMES):
            await site.project(topic, again=5)
        await site.settle()

        assert before == await site.tables()
        assert 2 == len(await site.events())

    async def test_a_hole_is_refused(self, site: Site) -> None:
        """A batch that starts past what is wanted next changes nothing."""
        await site.ledger.next_offset(COMMANDS, 0)

        with pytest.raises(HubFault, match="events want offset 0, not 3"):
            await site.ledger.apply(COMMANDS, {0: ProjectedBatch([], 5, 3)})
        assert 0 == await site.ledger.next_offset(COMMANDS, 0)

    async def test_a_failed_append_keeps_the_dossier_back_and_no_other(self, site: Site) -> None:
        """What follows in the dossier waits, so its order holds; other dossiers go on."""
        for number in (1, 2):
            at = await site.accept(dossier(number), f"m{number}")
            await site.outcome(dossier(number), f"m{number}", at, DeliveryState.DELIVERED)
        await site.project(OUTCOMES)
        site.log.before = [Unavailable("no")]
        with pytest.raises(Unavailable):
            await site.publisher.publish()
        held_back = [number for number in (1, 2) if not (await site.told(dossier(number)))]
        await site.settle()

        assert 1 == len(held_back)
        for number in (1, 2):
            assert [(1, "accepted"), (2, "delivered"), (3, "completed")] == await site.told(dossier(number))

    async def test_a_crash_between_log_and_outbox_repeats(self, site: Site) -> None:
        """The same events come again under the same ids and numbers."""
        await site.accept(dossier(1), "m1")
        await site.project(COMMANDS)
        site.log.after = [WriteInDoubt("who knows")]
        with pytest.raises(WriteInDoubt):
            await site.publisher.publish()
        site.publisher = Publisher(site.log, site.store, site.clock)
        await site.clock.advance(11)
        await site.settle()

        assert ["hub.commands"] * 2 == [event["id"].split("/")[0] for event in await site.events()]
        assert [(1, "accepted")] == await site.told(dossier(1))

    async def test_a_restart_learns_what_went_out(self, site: Site) -> None:
        """What the log holds leaves the outbox before anything is published again."""
        await site.accept(dossier(1), "m1")
        await site.project(COMMANDS)
        site.log.after = [WriteInDoubt("who knows")]
        with pytest.raises(WriteInDoubt):
            await site.publisher.publish()
        site.restart()
        await site.ledger.rebuild()
        await site.clock.advance(11)
        await site.settle()

        assert 1 == len(await site.events())

    async def test_live_equals_rebuilt(self, site: Site, new_database: NewDatabase) -> None:
        """A lost store is built again from the log: the same rows, and nothing is told again."""
        await _some_life(site, seed=1)
        await site.settle()
        live, events = await site.tables(), await site.events()
        rebuilt = Site(await new_database(), site.log, site.clock)
        await rebuilt.settle()

        assert events == await site.events()
        assert live == await rebuilt.tables()

    @pytest.mark.parametrize("seed", range(5))
    async def test_a_lost_store_leaves_no_gap(self, site: Site, new_database: NewDatabase, seed: int) -> None:
        """Some events were out, some were not, some dossiers had failed: all are told, numbers go on."""
        dice = random.Random(seed)
        await _some_life(site, seed)
        site.log.before = [Unavailable("no") if dice.random() < 0.3 else None for _ in range(40)]
        for _ in range(3):
            for topic in (OUTCOMES, COMMANDS):
                await site.project(topic, records_max=dice.randrange(1, 9))
            try:
                await site.publisher.publish()
            except Unavailable:
                continue
        site.log.before = []
        rebuilt = Site(await new_database(), site.log, site.clock)
        await rebuilt.settle()
        await _some_life(rebuilt, seed + 100, prefix="later")
        for _ in range(3):
            await rebuilt.settle()

        whole = Site(await new_database(), await _sources_only(site.log, site.clock), site.clock)
        await whole.settle()
        assert _ids(judged(await whole.events())) == _ids(judged(await rebuilt.events()))
        assert [] == (await rebuilt.tables())["event_known"]

    async def test_an_older_copy_of_the_store_goes_on(self, site: Site, new_database: NewDatabase) -> None:
        """What was told since then is learnt from the log: the same rows in the end, and nothing is told again."""
        copy = Site(await new_database(), site.log, site.clock)
        await _some_life(site, seed=1)
        await site.project(COMMANDS)
        await site.settle()
        await copy.settle()
        await _some_life(site, seed=2, prefix="since")
        await site.settle()
        events = await site.events()
        copy.restart()
        await copy.settle()

        assert events == await site.events()
        assert await site.tables() == await copy.tables()

    @pytest.mark.parametrize("seed", range(3))
    async def test_two_processes(self, site: Site, seed: int) -> None:
        """Two ledgers and two publishers over one store, the second ignoring the first one's claims."""
        dice = random.Random(seed)
        other = Site(site.database, site.log, site.clock)
        await _some_life(site, seed)

        async def work(one: Site) -> None:
            for _ in range(12):
                await one.project(dice.choice([COMMANDS, OUTCOMES]), records_max=dice.randrange(1, 7), again=3)
                one.publisher = Publisher(one.log, one.store, one.clock, PublisherLimits(events_max=7), "same")
                await one.publisher.publish()

        await asyncio.gather(work(site), work(other))
        await site.settle()

        assert 12 == len(judged(await site.events()))
        assert [] == (await site.tables())["event_outbox"]

    async def test_one_publisher_at_a_time(self, site: Site) -> None:
        """A partition belongs to its holder until that was silent for the length of the lease."""
        other = Publisher(site.log, site.store, site.clock)
        await site.publisher.publish()
        await site.accept(dossier(1), "m1")
        await site.project(COMMANDS)

        assert 0 == await other.publish()
        await site.clock.advance(11)
        assert 1 == await other.publish()
        assert 0 == await site.publisher.publish()

    async def test_a_publisher_that_ends_lets_go(self, site: Site) -> None:
        """The next one need not wait."""
        await site.accept(dossier(1), "m1")
        await site.project(COMMANDS)
        task = asyncio.create_task(site.publisher.run())
        await site.log.wait(EVENTS, 1000)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        wanted = range(PARTITIONS)
        assert list(wanted) == list(await site.store.claim(wanted, "other", site.clock.now(), site.clock.now()))

    async def test_a_claim_of_a_clock_that_ran_ahead_does_not_bind(self, site: Site) -> None:
        """A process whose clock was a day ahead, and which was killed, holds nothing until tomorrow."""
        wanted, now, lease = range(PARTITIONS), site.clock.now(), timedelta(seconds=10)
        ahead = now + timedelta(days=1)
        await site.store.claim(wanted, "ahead", ahead, ahead + lease)
        assert list(wanted) == list(await site.store.claim(wanted, "right", now, now + lease))
        assert [] == list(await site.store.claim(wanted, "third", now + lease / 2, now + lease / 2 + lease))

    async def test_late_is_told_once(self, site: Site, new_database: NewDatabase) -> None:
        """However often the job notes it, and also after a loss of the store."""
        at = await site.accept(dossier(1), "m1")
        since, late = site.clock.now(), DeliveryId("m1", SYNC, 0)
        assert False is await site.ledger.note_late(late, since)
        await site.project(COMMANDS)
        noted = [await site.ledger.note_late(late, since) for _ in range(2)]
        await site.settle()
        rebuilt = Site(await new_database(), site.log, site.clock)
        await rebuilt.project(COMMANDS)
        noted.append(await rebuilt.ledger.note_late(late, since))
        await rebuilt.outcome(dossier(1), "m1", at, DeliveryState.DELIVERED)
        await rebuilt.settle()
        noted.append(await rebuilt.ledger.note_late(late, since))

        assert [True, False, False, False] == noted
        assert [(1, "accepted"), (2, "late"), (3, "delivered"), (4, "completed")] == await site.told(dossier(1))

    async def test_what_is_in_the_log_is_not_dated_back(self, site: Site) -> None:
        """The ends tell how far log and events were seen, so that an older log can be refused."""
        await site.accept(dossier(1), "m1")
        await site.settle()
        partition = site.log.partition_of(COMMANDS, dossier(1).encode())

        assert {(COMMANDS, partition): 1, (EVENTS, partition): 1}.items() <= dict(await site.store.ends()).items()

    async def test_partitions_must_agree(self, site: Site) -> None:
        """A dossier whose events lie in another partition than its commands could not be rebuilt."""
        log = MemoryLog({COMMANDS: 4, OUTCOMES: 4, EVENTS: 8}, site.clock)

        with pytest.raises(ConfigInvalid, match="same number of partitions"):
            EventLedger(log, site.store, site.clock)

    async def test_publishing_somebody_elses_events_does_no_harm(self, site: Site) -> None:
        """Rows that are gone already are passed over."""
        await site.store.published([OutboxEvent(0, 7, dossier(1), b"")], {0: 3})

        assert 3 == await site.store.learnt_to(0)


async def _some_life(site: Site, seed: int, prefix: str = "m") -> None:
    """Accept messages of twelve dossiers and let something become of them."""
    dice = random.Random(seed)
    for number in range(24):
        code, message_id = dossier(number % 12), f"{prefix}{number}"
        at = await site.accept(code, message_id, operations=(SYNC, PROGRESS))
        if dice.random() < 0.2:
            await site.accept(code, message_id, operations=(SYNC, PROGRESS))
        for operation in (SYNC, PROGRESS):
            for state in dice.choices([DeliveryState.PARKED, DeliveryState.DEAD, DeliveryState.DELIVERED], k=3):
                await site.outcome(code, message_id, at, state, operation)
    await site.clock.advance(timedelta(seconds=5).total_seconds())


async def _sources_only(log: UnsteadyLog, clock: ManualClock) -> UnsteadyLog:
    """Return a log with the same sources and no events."""
    fresh = UnsteadyLog(clock)
    for topic in (COMMANDS, OUTCOMES):
        for partition in range(PARTITIONS):
            for record in await log.read(topic, partition, 0, 100_000):
                await fresh.append(topic, record.key, record.value)
    return fresh


def _ids(found: dict[str, list[dict[str, Any]]]) -> dict[str, set[str]]:
    return {code: {event["id"] for event in events} for code, events in found.items()}
