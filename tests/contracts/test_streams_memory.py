"""Stream processing over the log in memory."""

import pytest

from hub.clock import SystemClock
from hub.log.memory import MemoryLog
from hub.streams.engine import LogEngine
from tests.contracts.streams_suite import PARTITIONS, TOPICS, Hub, StreamsSuite


class TestStreamsMemory(StreamsSuite):
    """The suite."""

    @pytest.fixture
    def hub(self) -> Hub:
        """A fresh one."""
        log = MemoryLog(dict.fromkeys(TOPICS, PARTITIONS), SystemClock())
        return Hub(log, LogEngine(log))
