"""Stream processing over Kafka: alone, beside another, and while the broker is away."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
from faust.types.streams import StreamT

from hub.clock import SystemClock
from hub.log.kafka.log import KafkaLog
from hub.store.tables import STORE
from hub.streams.engine import KafkaEngine
from hub.streams.jobs import Every, Job
from hub.streams.transport import release
from hub.supervision import Supervisor
from ops.kafka.broker import Broker
from tests.contracts.kafka_broker import Kafka
from tests.contracts.postgres_server import emptied, postgres, postgres_migrated
from tests.contracts.streams_suite import PARTITIONS, TOPICS, Hub, StreamsSuite, lived, until

__all__ = ["postgres", "postgres_migrated"]


@pytest.fixture
async def hub(kafka: Kafka) -> AsyncIterator[Hub]:
    """A group of its own, on fresh topics."""
    await kafka.fresh(dict.fromkeys(TOPICS, PARTITIONS))
    async with _hub(kafka) as made:
        yield made


@asynccontextmanager
async def _hub(kafka: Kafka) -> AsyncIterator[Hub]:
    log = await KafkaLog.open(kafka.bootstrap, dict.fromkeys(TOPICS, PARTITIONS), SystemClock())
    try:
        yield Hub(log, KafkaEngine(kafka.bootstrap, replication=1, name=f"{kafka.prefix()}-streams"))
    finally:
        await log.aclose()


class TestStreamsKafka(StreamsSuite):
    """The suite."""


async def test_two_processes_share_the_work(hub: Hub) -> None:
    """Each record is projected once, by whom ever; when one leaves, the other goes on with all partitions."""
    other = Hub(hub.log, hub.engine)
    other.projection = hub.projection
    other.projector = other.new_projector()
    async with hub.running() as staying:
        await hub.ready(staying)
        async with other.running() as leaving:
            await other.ready(leaving)
            await hub.add(40)
            assert await hub.expected() == await hub.settled()
        await hub.add(40)
        assert await hub.expected() == await hub.settled()


async def test_one_of_two_processes_does_the_jobs(hub: Hub) -> None:
    """The other stands by, and takes over when the first is gone."""
    runs: list[str] = []

    def jobs(who: str) -> list[Job]:
        async def run() -> None:
            runs.append(who)

        return [Job("job", Every(0.1), run, stand_by=lambda: runs.append(f"not {who}"))]

    def once(*words: str) -> Callable[[], Awaitable[bool]]:
        async def so() -> bool:
            return set(words) == set(runs[-6:])

        return so

    async with hub.running(hub.streams(jobs("a"))) as first:
        await hub.ready(first)
        async with hub.running(hub.streams(jobs("b"))) as second:
            await hub.ready(second)
            assert await until(once("a", "not b")) or set(runs[-6:]) == {"b", "not a"}
        assert await until(once("a"))


async def test_read_models_made_from_scratch_equal_those_that_grew(hub: Hub, postgres_migrated: str) -> None:
    """On PostgreSQL, row by row, in every table; the group had read everything already."""
    grown = await lived(hub, await emptied(postgres_migrated, STORE), dossiers=(20, 1, 30))
    made = await lived(hub, await emptied(postgres_migrated, STORE))

    assert 51 == len(grown["message"])
    assert grown == made


async def test_a_topic_that_was_not_known_when_partitions_were_shared_out(
    kafka: Kafka, caplog: pytest.LogCaptureFixture
) -> None:
    """A broker that comes up may tell the leader of no topic at all; what nobody has is shared out soon after."""
    engine, topic = KafkaEngine(kafka.bootstrap, replication=1, name=f"{kafka.prefix()}-streams"), kafka.prefix()
    app = engine.new_app()

    async def take(stream: StreamT[Any]) -> None:
        async for _ in stream:
            pass

    async def ignored() -> bool:
        return f"Ignoring missing topic: {topic!r}" in caplog.text

    async def shared_out() -> bool:
        return {0, 1} == set(engine.held(app, topic))

    app.agent(app.topic(topic, key_serializer="raw", value_serializer="raw"))(take)
    await app.start()
    try:
        assert await until(ignored)
        await kafka.create({topic: 2})
        assert await until(shared_out)
    finally:
        await app.stop()
        release(app)


async def test_a_broker_that_is_away_for_a_while_loses_nothing(tmp_path: Path) -> None:
    """Faust falls or waits; the supervisor brings it back, and no thread is left over from before."""
    broker = Broker(tmp_path)
    await broker.start()
    try:
        kafka = Kafka(broker)
        await kafka.create(dict.fromkeys(TOPICS, PARTITIONS))
        async with _hub(kafka) as hub:
            await _survives(hub, broker)
    finally:
        await broker.kill()


async def _survives(hub: Hub, broker: Broker) -> None:
    streams, supervisor = hub.streams(), Supervisor(hub.clock)
    threads = _threads()
    with structlog.testing.capture_logs():
        kept = asyncio.create_task(supervisor.keep("streams", streams.run))
        await hub.ready(streams)
        await hub.add(5)
        assert await hub.expected() == await hub.settled()
        await broker.kill()
        await asyncio.sleep(8)
        await broker.start()
        await hub.add(5)
        assert await hub.expected() == await hub.settled()
        await hub.ready(streams)
        kept.cancel()
        await asyncio.gather(kept, return_exceptions=True)
    assert threads == _threads()


def _threads() -> set[threading.Thread]:
    """Return the threads that run, save those that the event loop keeps for whoever wants one."""
    return {thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}
