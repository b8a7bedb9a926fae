"""Status events on Kafka and PostgreSQL: from commands and outcomes to the topic, to streams anywhere, to callbacks."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from hub.access import CallbackEntry, Grant, Grants, Service, SystemEntry
from hub.clock import SystemClock
from hub.events.callbacks import CallbackLimits, Caller
from hub.events.publisher import Publisher
from hub.ingress.event_stream import EventStreams, StreamLimits
from hub.ingress.event_tail import EventTail
from hub.log.kafka.log import KafkaLog
from hub.store.tables import STORE
from hub.telemetry import Metrics
from schemas.agency import AgencyCode
from schemas.delivery import DeliveryState
from tests.clock import ManualClock
from tests.contracts.event_suite import COMMANDS, EVENTS, OUTCOMES, PARTITIONS, Site, UnsteadyLog, dossier, judged
from tests.contracts.kafka_broker import Kafka
from tests.contracts.postgres_server import emptied, postgres, postgres_migrated
from tests.contracts.test_log_kafka import LIMITS

__all__ = ["postgres", "postgres_migrated"]

SYSTEM = SystemEntry(
    agency=AgencyCode.parse("H56.14"),
    system="mot-cua",
    grants=(Grant(service=Service.EVENTS),),
    callback=CallbackEntry(url="https://motcua.example/", secret=SecretStr("s" * 16)),
)
DOSSIERS = 8
_WAIT_S = 40.0


@pytest.fixture
async def logs(kafka: Kafka) -> AsyncIterator[list[KafkaLog]]:
    """Open the log as three processes do: a worker, and two that serve callers."""
    topics = dict.fromkeys((COMMANDS, OUTCOMES, EVENTS), PARTITIONS)
    await kafka.fresh(topics)
    opened = [await KafkaLog.open(kafka.bootstrap, topics, SystemClock(), LIMITS) for _ in range(3)]
    yield opened
    for log in opened:
        await log.aclose()


async def test_from_the_source_to_the_readers(logs: list[KafkaLog], postgres_migrated: str) -> None:
    """Numbers without gaps for a reader that changes processes; the sender hears of what died, once each."""
    store = await emptied(postgres_migrated, STORE)
    site = Site(store, cast("UnsteadyLog", logs[0]), ManualClock())
    site.publisher = Publisher(logs[0], site.store, SystemClock())
    streams = [_streams(log) for log in logs[1:]]
    heard: list[dict[str, Any]] = []
    running = [asyncio.create_task(site.publisher.run()), asyncio.create_task(_caller(logs[1], heard).run())]
    try:
        async with asyncio.timeout(_WAIT_S):
            seen, position = await _read(streams[0], "start", 0)
            await _live(site, "a")
            more, position = await _read(streams[0], position, DOSSIERS * 2)
            seen += more
            await _live(site, "b")
            more, position = await _read(streams[1], position, DOSSIERS * 2)
            seen += more
            while len(heard) < DOSSIERS * 2:  # noqa: ASYNC110 - nothing to wait for but the number
                await asyncio.sleep(0.05)
            batch = json.loads(await streams[1].batch(SYSTEM.principal, None, "1000"))
    finally:
        for task in running:
            task.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
        for stream in streams:
            await stream.aclose()
        await store.aclose()

    assert {asyncio.CancelledError} == set(map(type, ended))
    assert [4] * DOSSIERS == [len(told) for told in judged(seen).values()]
    assert {event["id"] for event in seen} == {event["id"] for event in batch["events"]}
    assert {event["id"] for event in seen if event["data"]["state"] == "dead"} == {event["id"] for event in heard}


async def _live(site: Site, prefix: str) -> None:
    """Accept one message per dossier and let its delivery die."""
    for number in range(DOSSIERS):
        at = await site.accept(dossier(number), f"{prefix}{number}")
        await site.outcome(dossier(number), f"{prefix}{number}", at, DeliveryState.DEAD)
    await site.project(OUTCOMES)
    site.publisher.wake()


def _streams(log: KafkaLog) -> EventStreams:
    clock = SystemClock()
    return EventStreams(EventTail(log, clock), Grants([SYSTEM]), clock, Metrics(), StreamLimits())


def _caller(log: KafkaLog, heard: list[dict[str, Any]]) -> Caller:
    async def hear(request: httpx.Request) -> httpx.Response:
        heard.append(json.loads(request.content))
        return httpx.Response(204)

    assert SYSTEM.callback is not None
    return Caller(
        log=log,
        system=SYSTEM,
        callback=SYSTEM.callback,
        clock=SystemClock(),
        metrics=Metrics(),
        transport=httpx.MockTransport(hear),
        limits=CallbackLimits(fetch_wait_s=0.2),
    )


async def _read(streams: EventStreams, position: str, count: int) -> tuple[list[dict[str, Any]], str]:
    """Read so many events of a stream from a position on; return them and where it stands."""
    stream = cast("Any", await streams.stream(SYSTEM.principal, None, position))
    events: list[dict[str, Any]] = []
    async for chunk in stream._chunks:
        for line in chunk.decode().splitlines():
            if line.startswith("id: "):
                position = line.removeprefix("id: ")
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
        if len(events) >= count:
            break
    await stream._chunks.aclose()
    stream._left()
    return events, position
