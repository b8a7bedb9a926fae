"""The log on Kafka keeps the contract."""

from collections.abc import AsyncIterator

import pytest

from hub.clock import SystemClock
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.log import KafkaLog
from hub.ports import Log
from tests.contracts.kafka_broker import Kafka
from tests.contracts.log_suite import Bench, DurableLogContract

LIMITS = KafkaLimits(
    record_bytes_max=500_000,
    session_timeout_s=3.0,
    heartbeat_every_s=0.1,
    lease_margin_s=1.0,
    revoke_wait_s=2.0,
    rebalance_timeout_s=6.0,
    fetch_wait_s=0.1,
    commit_wait_s=1.5,
)


class TestKafkaLog(DurableLogContract):
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
