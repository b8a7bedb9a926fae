"""What stream processing promises over any log. Real time: Faust has a clock of its own."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from sqlalchemy import Connection, select

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.ports import Log
from hub.store.database import Database
from hub.store.projection import SqlProjection
from hub.store.tables import STORE
from hub.streams.engine import Engine
from hub.streams.jobs import Every, Job
from hub.streams.projector import Projector
from hub.streams.streams import Streams
from hub.supervision import Supervisor
from hub.telemetry import Metrics
from schemas.audit import AuditEvent, AuditRecord
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader, PlannedDelivery, Step
from schemas.envelope import Envelope
from schemas.topics import AUDIT, COMMANDS, OUTCOMES
from tests.fakes.projections import MemoryProjection

TOPICS = (COMMANDS, OUTCOMES, AUDIT)
PARTITIONS = 4
WAIT_S = 20.0


async def until(holds: Callable[[], Awaitable[bool]]) -> bool:
    """Return True as soon as it holds, False when time is up."""
    until_s = time.monotonic() + WAIT_S
    while not (held := await holds()) and time.monotonic() < until_s:  # noqa: ASYNC110 - Faust announces nothing
        await asyncio.sleep(0.02)
    return held


class Hub:
    """A log with its streams. `add` appends what a few dossiers leave behind; `expected` is what must be projected."""

    def __init__(self, log: Log, engine: Engine) -> None:
        self.log, self.engine = log, engine
        self.clock, self.metrics = SystemClock(), Metrics()
        self.projection = MemoryProjection()
        self.projector = self.new_projector()
        self._dossiers = 0

    def new_projector(self) -> Projector:
        """Return one as another process would have it."""
        return Projector(self.log, self.projection, self.clock, self.metrics)

    def streams(self, jobs: Sequence[Job] = ()) -> Streams:
        """Return stream processing with the one projection."""
        return Streams(
            log=self.log,
            engine=self.engine,
            projectors={topic: [self.projector] for topic in TOPICS},
            clock=self.clock,
            metrics=self.metrics,
            jobs=jobs,
        )

    @asynccontextmanager
    async def running(self, streams: Streams | None = None) -> AsyncIterator[Streams]:
        """Run, and stop."""
        streams = streams or self.streams()
        task = asyncio.create_task(streams.run())
        try:
            yield streams
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def add(self, dossiers: int) -> None:
        """Append, per dossier, a command, an outcome and an audit record."""
        for number in range(self._dossiers, self._dossiers + dossiers):
            await self._add(f"H56.14-261122-{number:04d}", f"m{number}")
        self._dossiers += dossiers

    async def _add(self, code: str, message_id: str) -> None:
        now, key = self.clock.now(), code.encode()
        command = CommandHeader(
            kind="dossier",
            message_id=message_id,
            ordering_key=code,
            sender_agency="H56.14",
            sender_system="mot-cua",
            revision=1,
            received_at=now,
            key_id="k",
            deliveries=(PlannedDelivery(operation="portal.state", platform="portal"),),
        )
        source = await self.log.append(COMMANDS, key, Envelope(command.model_dump_json().encode(), b"").to_bytes())
        outcome = OutcomeHeader(
            message_id=message_id,
            ordering_key=code,
            operation="portal.state",
            platform="portal",
            part=0,
            key_id="",
            source_partition=source.partition,
            source_offset=source.offset,
            attempt=1,
            step=Step.SEND,
            state=DeliveryState.DELIVERED,
            outcome_class=OutcomeClass.DELIVERED,
            code="0",
            started_at=now,
            finished_at=now,
        )
        names = ("agency", "system", "officer", "service", "purpose", "procedure", "dossier_code", "subject", "source")
        words: dict[str, Any] = dict.fromkeys(names, "x")
        told = AuditRecord(event=AuditEvent.ASKED, request_id=message_id, at=now, **words)
        await self.log.append(OUTCOMES, key, Envelope(outcome.model_dump_json().encode(), b"").to_bytes())
        await self.log.append(AUDIT, key, told.model_dump_json().encode())

    async def expected(self) -> dict[tuple[str, int], list[int]]:
        """Return every offset in the log."""
        everything = {}
        for topic in TOPICS:
            for partition in range(self.log.partitions(topic)):
                bounds = await self.log.bounds(topic, partition)
                everything[topic, partition] = list(range(bounds.start, bounds.end))
        return {place: offsets for place, offsets in everything.items() if offsets}

    async def settled(self) -> dict[tuple[str, int], list[int]]:
        """Return what was projected, once it is everything or time is up."""
        expected = await self.expected()

        async def all_there() -> bool:
            return self.projection.applied == expected

        await until(all_there)
        return self.projection.applied

    async def ready(self, streams: Streams) -> None:
        """Return when nothing is wrong any more."""
        assert await self.says(streams, None)

    async def says(self, streams: Streams, words: str | None) -> bool:
        """Wait until readiness says so."""

        async def so() -> bool:
            return await streams.check() == words

        return await until(so)


async def lived(hub: Hub, store: Database, dossiers: Sequence[int] = ()) -> dict[str, list[tuple[object, ...]]]:
    """Run over a store until all is projected, adding dossiers as it goes; close it and return its rows by table."""
    projector = Projector(hub.log, SqlProjection(store), hub.clock, hub.metrics)
    streams = Streams(
        log=hub.log,
        engine=hub.engine,
        projectors={topic: [projector] for topic in TOPICS},
        clock=hub.clock,
        metrics=hub.metrics,
    )

    async def projected() -> bool:
        return not sum([await projector.lag_records(topic) for topic in TOPICS])

    try:
        async with hub.running(streams):
            await hub.ready(streams)
            for some in dossiers:
                await hub.add(some)
                await asyncio.sleep(0.15)
            assert await until(projected)
        return await store.read(_rows)
    finally:
        await store.aclose()


def _rows(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows by table, sorted; a count of nothing is left out."""
    rows = {name: [tuple(row) for row in connection.execute(select(table))] for name, table in STORE.tables.items()}
    rows["tally"] = [row for row in rows["tally"] if row[-1]]
    return {name: sorted(each, key=repr) for name, each in rows.items()}


class StreamsSuite:
    """Inherited once per home of the log, with a fixture `hub`."""

    async def test_every_record_is_projected_once(self, hub: Hub) -> None:
        """Those from before the start, those that come while it runs, and those of all topics; each in order."""
        await hub.add(30)
        async with hub.running() as streams:
            await hub.ready(streams)
            await hub.add(30)
            assert await hub.expected() == await hub.settled()
            await hub.add(1)
            assert await hub.expected() == await hub.settled()
            assert all(streams._taken[topic] for topic in TOPICS), "it was Faust that delivered"

    async def test_what_came_while_it_was_stopped_is_not_missed(self, hub: Hub) -> None:
        """Also when nothing comes after the start that could wake it."""
        async with hub.running() as streams:
            await hub.ready(streams)
            await hub.add(5)
            assert await hub.expected() == await hub.settled()
        await hub.add(5)
        async with hub.running():
            assert await hub.expected() == await hub.settled()

    async def test_a_store_that_is_away_for_a_while_loses_nothing(self, hub: Hub) -> None:
        """What it refused is tried again, and nobody falls."""
        async with hub.running() as streams:
            await hub.ready(streams)
            hub.projection.troubles = [Unavailable("full"), Unavailable("full")]
            await hub.add(20)
            assert await hub.expected() == await hub.settled()
            assert await streams.check() is None

    async def test_a_stop_in_the_middle_of_a_batch_loses_nothing(self, hub: Hub) -> None:
        """Faust then counts the batch as done; the projection knows better."""
        async with hub.running() as streams:
            await hub.ready(streams)
            hub.projection.held.clear()
            await hub.add(20)
            await asyncio.sleep(0.5)
        hub.projection.held.set()
        async with hub.running():
            assert await hub.expected() == await hub.settled()

    async def test_a_defect_fells_it_and_it_is_started_again(self, hub: Hub) -> None:
        """Readiness tells of the fall; the supervisor starts a new application, which goes on where the store is."""
        streams, supervisor = hub.streams(), Supervisor(hub.clock)
        kept = asyncio.create_task(supervisor.keep("streams", streams.run))
        try:
            await hub.ready(streams)
            hub.projection.troubles = [ZeroDivisionError()]
            await hub.add(20)
            with structlog.testing.capture_logs():
                assert await hub.says(streams, "not running")
                assert await hub.expected() == await hub.settled()
            await hub.ready(streams)
            assert {"streams": 1} == supervisor.fallen
        finally:
            kept.cancel()
            await asyncio.gather(kept, return_exceptions=True)

    async def test_catching_up_by_another_does_not_disturb(self, hub: Hub) -> None:
        """Delivery brings a partition up to its end before it takes it over, whatever the processors do meanwhile."""
        async with hub.running() as streams:
            await hub.ready(streams)
            for _ in range(10):
                await hub.add(4)
                for partition in range(PARTITIONS):
                    end = (await hub.log.bounds(OUTCOMES, partition)).end
                    await hub.projector.catch_up(OUTCOMES, partition)
                    assert end <= len(hub.projection.applied[OUTCOMES, partition])
            assert await hub.expected() == await hub.settled()

    async def test_a_stop_leaves_nothing_behind(self, hub: Hub, capfd: pytest.CaptureFixture[str]) -> None:
        """No task, no thread, no signal handler, no change of logging, no output."""
        tasks, threads = asyncio.all_tasks(), set(threading.enumerate())
        handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
        signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        async with hub.running() as streams:
            await hub.ready(streams)
            await hub.add(3)
            assert await hub.expected() == await hub.settled()
            assert signals == {number: signal.getsignal(number) for number in signals}

        assert tasks == asyncio.all_tasks()
        assert threads == set(threading.enumerate())
        assert (handlers, level) == (logging.getLogger().handlers, logging.getLogger().level)
        assert ("", "") == capfd.readouterr()

    async def test_the_leader_does_the_jobs(self, hub: Hub) -> None:
        """Time and again; one that fails does not stop the others, nor itself."""
        runs: list[str] = []

        async def good() -> None:
            runs.append("good")

        async def bad() -> None:
            runs.append("bad")
            raise ZeroDivisionError

        async def often() -> bool:
            return min(runs.count("good"), runs.count("bad")) >= 3

        jobs = [Job("good", Every(0.05), good), Job("bad", Every(0.05), bad)]
        async with hub.running(hub.streams(jobs)) as streams:
            await hub.ready(streams)
            assert await until(often)
            assert await streams.check() is None
