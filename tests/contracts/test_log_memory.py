"""The log in memory keeps the contract."""

from collections.abc import AsyncIterator

import pytest

from hub.clock import SystemClock
from hub.log.memory import MemoryLog
from tests.contracts.log_suite import Bench, LogContract


class TestMemoryLog(LogContract):
    """The suite, in memory."""

    @pytest.fixture
    async def bench(self) -> AsyncIterator[Bench]:
        """Build a log in memory."""
        log = MemoryLog({"commands": 4, "audit": 2}, SystemClock(), record_bytes_max=1_000_000)
        yield Bench(log, "commands", "audit", 1_000_000)
        await log.aclose()
