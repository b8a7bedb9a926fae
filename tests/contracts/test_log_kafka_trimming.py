"""Old records go from Kafka as the contract says."""

from collections.abc import AsyncIterator

import pytest

from hub.clock import SystemClock
from hub.errors import Unavailable
from hub.log.kafka.log import KafkaLog
from hub.log.kafka.trim import KafkaTrimming
from hub.log.memory import MemoryLog
from hub.ports import Log, Trimming
from tests.contracts.kafka_broker import Kafka
from tests.contracts.log_suite import Bench
from tests.contracts.test_log_kafka import LIMITS
from tests.contracts.trimming_suite import DurableTrimmingContract


class TestKafkaLog(DurableTrimmingContract):
    """The suite, on Kafka."""

    @pytest.fixture
    async def bench(self, kafka: Kafka) -> AsyncIterator[Bench]:
        """Make topics of their own and a log on them."""
        prefix = kafka.prefix()
        topics = {f"{prefix}.commands": 4, f"{prefix}.audit": 2}
        await kafka.create(topics)

        async def reopen() -> Log:
            await bench.log.aclose()
            return await KafkaLog.open(kafka.bootstrap, topics, SystemClock(), LIMITS)

        log = await KafkaLog.open(kafka.bootstrap, topics, SystemClock(), LIMITS)
        bench = Bench(log, f"{prefix}.commands", f"{prefix}.audit", LIMITS.record_bytes_max, reopen)
        yield bench
        await bench.log.aclose()

    @pytest.fixture
    async def trimming(self, kafka: Kafka, bench: Bench) -> Trimming:
        """Return the port over the same brokers."""
        return KafkaTrimming(kafka.bootstrap, bench.log)


async def test_brokers_that_are_away_are_said_to_be() -> None:
    """Nothing is trimmed, and nobody is told otherwise."""
    log = MemoryLog({"t": 1}, SystemClock())
    await log.append("t", b"key", b"value")

    with pytest.raises(Unavailable):
        await KafkaTrimming("127.0.0.1:1", log).trim("t", 0, 1)
    await log.aclose()
