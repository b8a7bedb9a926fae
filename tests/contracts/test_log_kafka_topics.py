"""Topics on a real broker: made, compared, refused; and keys lie where Kafka's own producer puts them."""

import asyncio
import subprocess

import pytest

from hub.clock import SystemClock
from hub.errors import ConfigInvalid, Unavailable
from hub.log.kafka.log import KafkaLog
from hub.log.kafka.topics import check_topics, ensure_topics
from hub.settings.sections import Profile
from ops.kafka.jars import jars, program
from tests.contracts.kafka_broker import Kafka
from tests.contracts.log_suite import read_all
from tests.contracts.test_log_kafka import LIMITS


@pytest.fixture
def name(kafka: Kafka) -> str:
    """Return a name that no topic has."""
    return f"{kafka.prefix()}.commands"


class TestMaking:
    """Topics are made once, and looked at ever after."""

    async def test_missing_topics_are_made_and_found_good(self, kafka: Kafka, name: str) -> None:
        """What is made passes the check; a second time nothing is made."""
        wanted = {name: 3, f"{name}.more": 2}

        assert 2 == len(await check_topics(kafka.bootstrap, wanted, Profile.DEMO, LIMITS))
        assert list(wanted) == await ensure_topics(kafka.bootstrap, wanted, Profile.DEMO, LIMITS)
        assert [] == await ensure_topics(kafka.bootstrap, wanted, Profile.DEMO, LIMITS)
        assert [] == await check_topics(kafka.bootstrap, wanted, Profile.DEMO, LIMITS)

    async def test_production_refuses_a_single_broker(self, kafka: Kafka, name: str) -> None:
        """Three replicas cannot be had from one broker, and one replica is not enough."""
        with pytest.raises(ConfigInvalid):
            await ensure_topics(kafka.bootstrap, {name: 3}, Profile.PRODUCTION, LIMITS)
        await ensure_topics(kafka.bootstrap, {name: 3}, Profile.DEMO, LIMITS)
        lines = await check_topics(kafka.bootstrap, {name: 3}, Profile.PRODUCTION, LIMITS)

        assert any("has 1 replicas, needed are 3" in line for line in lines)
        assert any("offsets.topic.replication.factor" in line for line in lines)

    async def test_what_exists_is_not_changed(self, kafka: Kafka, name: str) -> None:
        """Another number of partitions, or compaction, is told and left alone."""
        await kafka.create({name: 2}, {"cleanup.policy": "compact"})
        with pytest.raises(ConfigInvalid, match=r"(?s)has 2 partitions, declared are 3.*cleanup.policy"):
            await ensure_topics(kafka.bootstrap, {name: 3}, Profile.DEMO, LIMITS)

    async def test_without_a_broker(self) -> None:
        """No broker is told as such."""
        with pytest.raises(Unavailable):
            await check_topics("127.0.0.1:1", {"hub.commands": 3}, Profile.DEMO)


class TestOpening:
    """A log opens on what it declares, or not at all."""

    async def test_a_missing_topic(self, kafka: Kafka, name: str) -> None:
        """It is not made up."""
        with pytest.raises(ConfigInvalid, match="hub topics --create"):
            await KafkaLog.open(kafka.bootstrap, {name: 3}, SystemClock(), LIMITS)

    async def test_another_number_of_partitions(self, kafka: Kafka, name: str) -> None:
        """Keys would lie elsewhere."""
        await kafka.create({name: 2})
        with pytest.raises(ConfigInvalid, match="has 2 partitions, declared are 3"):
            await KafkaLog.open(kafka.bootstrap, {name: 3}, SystemClock(), LIMITS)

    async def test_no_broker(self) -> None:
        """It is unavailable, not faulty."""
        with pytest.raises(Unavailable):
            await KafkaLog.open("127.0.0.1:1", {"hub.commands": 3}, SystemClock(), LIMITS)


async def test_keys_lie_where_kafka_itself_puts_them(kafka: Kafka, name: str) -> None:
    """Kafka's own producer, in Java, sends every key to the partition that the log names."""
    await kafka.create({name: 7})
    keys = [f"H56.14-{year}1122-{number:04}-Đ" for year in range(20, 30) for number in range(12)]
    await asyncio.to_thread(_produce, kafka.bootstrap, name, keys)
    log = await KafkaLog.open(kafka.bootstrap, {name: 7}, SystemClock(), LIMITS)
    try:
        placed = {record.key: partition for partition in range(7) for record in await read_all(log, name, partition)}
        wanted = {key.encode(): log.partition_of(name, key.encode()) for key in keys}
    finally:
        await log.aclose()

    assert placed == wanted
    assert len(set(placed.values())) == 7


def _produce(bootstrap: str, name: str, keys: list[str]) -> None:
    command = [program("java"), "-Xmx128m", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8", "-cp", f"{jars()}/*"]
    producer = ["org.apache.kafka.tools.ConsoleProducer", "--bootstrap-server", bootstrap, "--topic", name]
    options = ["--property", "parse.key=true", "--property", "key.separator=|"]
    lines = "".join(f"{key}|value\n" for key in keys).encode()
    subprocess.run([*command, *producer, *options], input=lines, check=True, capture_output=True, timeout=60)
