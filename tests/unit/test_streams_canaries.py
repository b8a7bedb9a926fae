"""Faust's private names, as `hub.streams.transport` uses them. A failure here after an upgrade says what to look at."""

import inspect
from collections import defaultdict
from typing import Any

import pytest
from faust import App
from faust.agents import Agent
from faust.transport.base import Consumer, Producer
from faust.transport.drivers import aiokafka as kafka
from faust.types import TP
from mode.threads import ServiceThread, WorkerThread

from hub.log.memory import MemoryLog
from hub.streams.engine import LogEngine
from hub.streams.transport import KafkaConsumer, LogConsumer, LogProducer, LogTransport
from tests.clock import ManualClock

HEAD = TP("t", 0)


@pytest.fixture
def consumer() -> Any:
    """A bare consumer that has committed 2585, the next offset to read, and holds 2586 to 2589 as acknowledged."""
    bare = Consumer.__new__(LogConsumer)
    bare._acked = defaultdict(list, {HEAD: [2586, 2587, 2588, 2589]})
    bare._acked_index = defaultdict(set, {HEAD: {2586, 2587, 2588, 2589}})
    bare._gap = defaultdict(list)
    bare._committed_offset = defaultdict(lambda: None, {HEAD: 2585})
    return bare


def test_faust_commits_past_a_message_that_still_runs(consumer: Any) -> None:
    """Issue 606: 2585 runs, and 2590 is committed. When this fails it is mended, and the ADR can say so."""
    assert 2590 == Consumer._new_offset(consumer, HEAD)


def test_a_chunk_that_was_acknowledged_is_committed_once(consumer: Any) -> None:
    """Up to and including its last record; then there is nothing to commit before the next one."""
    assert 2590 == consumer._new_offset(HEAD)
    assert consumer._new_offset(HEAD) is None
    assert set() == consumer._acked_index[HEAD]


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        (LogConsumer, Consumer, "_add_gap"),
        (LogConsumer, Consumer, "_commit"),
        (LogConsumer, Consumer, "_getmany"),
        (LogConsumer, Consumer, "_new_offset"),
        (LogConsumer, Consumer, "_new_topicpartition"),
        (LogConsumer, Consumer, "_seek"),
        (LogConsumer, Consumer, "_to_message"),
        (LogConsumer, Consumer, "seek_to_committed"),
        (LogConsumer, kafka.Consumer, "highwater"),
        (LogConsumer, kafka.Consumer, "highwaters"),
        (LogConsumer, kafka.Consumer, "position"),
        (LogConsumer, kafka.Consumer, "seek_wait"),
        (LogConsumer, kafka.Consumer, "subscribe"),
        (LogConsumer, kafka.Consumer, "topic_partitions"),
        (LogConsumer, kafka.Consumer, "key_partition"),
        (KafkaConsumer, kafka.Consumer, "_getmany"),
        (KafkaConsumer, kafka.Consumer, "_new_consumer_thread"),
    ],
)
def test_what_is_overridden_is_there_with_these_parameters(ours: type, theirs: type, name: str) -> None:
    """Faust calls them by position or by name; either way they must agree."""
    assert list(inspect.signature(getattr(theirs, name)).parameters) == list(
        inspect.signature(getattr(ours, name)).parameters
    )


@pytest.mark.parametrize("name", ["send", "send_and_wait"])
def test_a_producer_is_called_with_topic_key_and_value_first(name: str) -> None:
    """What follows them does not matter to the log."""
    assert ["self", "topic", "key", "value"] == list(inspect.signature(getattr(Producer, name)).parameters)[:4]
    assert ["self", "topic", "key", "value"] == list(inspect.signature(getattr(LogProducer, name)).parameters)[:4]


def test_a_thread_tells_whether_it_began() -> None:
    """Without that, the loop of a thread that never ran stays open for ever; and it can be kept from printing."""
    source = inspect.getsource(ServiceThread.start)
    assert "self._thread_started.set()" in source
    assert "self.Worker(self)" in source
    assert ["self", "msg", "fmt", "kwargs"] == list(inspect.signature(ServiceThread.on_crash).parameters)
    assert "self.service._start_thread()" in inspect.getsource(WorkerThread.run)
    assert issubclass(kafka.AIOKafkaConsumerThread, ServiceThread)


def test_an_application_says_which_consumer_it_has() -> None:
    """None as long as it needed none: asking for `consumer` would make one."""
    assert App._consumer is None
    assert isinstance(App.consumer, property)


async def test_an_application_takes_a_transport_as_it_is() -> None:
    """Nothing needs to be registered anywhere, so two hubs in one process can have two logs."""
    log = MemoryLog({}, ManualClock())
    app = LogEngine(log).new_app()

    assert isinstance(app.transport, LogTransport)
    assert log is app.transport.log
    assert isinstance(app.consumer, LogConsumer)
    assert isinstance(app.producer, LogProducer)


async def test_an_application_reads_nothing_from_the_environment() -> None:
    """Settings come from the hub alone; nothing is served, and a stop does not wait for streams."""
    conf = LogEngine(MemoryLog({}, ManualClock())).new_app().conf

    assert {} == conf.env
    assert not conf.web_enabled
    assert not conf.stream_wait_empty


def test_an_agent_that_raises_is_started_again_by_faust() -> None:
    """And its message counts as done: the reason why a processor never raises."""
    assert "self.supervisor.wakeup()" in inspect.getsource(Agent._execute_actor)
