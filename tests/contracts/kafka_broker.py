"""One Kafka broker for a whole run of tests, started by the first that asks for it."""

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ops.kafka.broker import Broker

_serial = itertools.count(1)
_FORGET_S = 30.0
_SETTINGS = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""A broker that was killed is taken back by the cluster when its former session has ended."""


class Kafka:
    """The broker of this run, and topics that no other test uses."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    @property
    def bootstrap(self) -> str:
        """As host:port."""
        return self.broker.bootstrap

    def prefix(self) -> str:
        """Return a beginning of names that nobody else has."""
        return f"t{next(_serial)}"

    async def create(self, topics: Mapping[str, int], settings: Mapping[str, str] | None = None) -> None:
        """Make topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            news = [NewTopic(name, count, 1, topic_configs=dict(settings or {})) for name, count in topics.items()]
            answer = await admin.create_topics(news)
            assert {0} == {entry[1] for entry in answer.topic_errors}
        finally:
            await admin.close()

    async def fresh(self, topics: Mapping[str, int]) -> None:
        """Make topics whose names are fixed, after removing what another test left under them."""
        await self.remove(topics)
        await self.create(topics)

    async def remove(self, topics: Collection[str]) -> None:
        """Remove topics, whether they are there or not, and return when they are gone."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics(list(topics))
            async with asyncio.timeout(_FORGET_S):
                while set(topics) & set(await admin.list_topics()):  # noqa: ASYNC110 - the broker is another process
                    await asyncio.sleep(0.1)
        finally:
            await admin.close()


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """Start the broker, and stop it when the run ends. What cannot start fails the test that asked for it."""
    folder = Path(tempfile.mkdtemp(prefix="kafka-"))
    broker = Broker(folder, _SETTINGS)
    try:
        asyncio.run(broker.start())
        yield Kafka(broker)
    finally:
        asyncio.run(broker.stop() if broker.recording else broker.kill())
        shutil.rmtree(folder, ignore_errors=True)
