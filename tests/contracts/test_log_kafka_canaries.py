"""What the log uses of aiokafka beyond its documented names still behaves as it did: after an upgrade, look here.

Each test is named for what would break, and `hub/log/kafka/group.py` and `hub/log/kafka/link.py` are where it is used.
"""

import inspect
from types import SimpleNamespace

import aiokafka.client
import aiokafka.consumer.group_coordinator as coordination
import aiokafka.protocol.fetch
import aiokafka.protocol.offset
import aiokafka.protocol.produce
import pytest
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

COORDINATOR = coordination.GroupCoordinator


@pytest.mark.parametrize("name", ["_do_heartbeat", "_do_fetch_commit_offsets", "_maybe_leave_group"])
def test_all_requests_of_a_member_pass_one_place(name: str) -> None:
    """`_send_req` sees every request to the group: that is where the lease listens."""
    assert "self._send_req(" in inspect.getsource(getattr(COORDINATOR, name))


def test_joining_passes_the_same_place() -> None:
    """The answers to JoinGroup and SyncGroup, too."""
    rebalance = coordination.CoordinatorGroupRebalance
    for name in ("perform_group_join", "_send_sync_group_request"):
        assert "self._coordinator._send_req(" in inspect.getsource(getattr(rebalance, name))


def test_heartbeats_begin_after_the_listener_was_told() -> None:
    """That is why `on_partitions_assigned` returns at once: while it waits, nobody shows that the member lives."""
    source = inspect.getsource(COORDINATOR.ensure_active_group)

    assert source.index("_on_join_prepare") < source.index("_stop_heartbeat_task")
    assert source.index("_do_rejoin_group") < source.index("_start_heartbeat_task")


@pytest.mark.parametrize(
    "name", ["_send_req", "_stop_heartbeat_task", "_stop_commit_offsets_refresh_task", "maybe_leave_group"]
)
def test_names_that_the_membership_uses(name: str) -> None:
    """They exist, and take nothing but what is handed over."""
    assert callable(getattr(COORDINATOR, name))


def test_a_commit_does_not_know_its_generation() -> None:
    """The library commits as whoever the member is when the request leaves; the hub commits as who it was."""
    assert "self.generation" in inspect.getsource(COORDINATOR._do_commit_offsets)


async def test_a_member_that_fetches_nothing_is_not_idle() -> None:
    """An open fetch context keeps the coordinator from leaving because nobody polls."""
    subscription = SubscriptionState()
    assert subscription.fetcher_idle_time > 0
    with subscription.fetch_context():
        assert 0 == subscription.fetcher_idle_time


def test_a_request_that_did_not_leave_is_told_apart() -> None:
    """`send` raises NodeNotReadyError before, and only before, it hands bytes to the connection."""
    source = inspect.getsource(aiokafka.client.AIOKafkaClient.send)

    assert source.index("NodeNotReadyError") < source.index(".send(\n")


def test_a_batch_keeps_the_account_it_was_made_with() -> None:
    """Producer, epoch and sequence come back as they were put in: the broker recognises a repeated batch by them."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, 7, 3, 41, 1000)
    assert builder.append(0, 1, b"key", b"value", []) is not None
    assert builder.append(1, 1, b"key", bytes(2000), []) is None
    batch = MemoryRecords(bytes(builder.build())).next_batch()

    assert (7, 3, 41) == (batch.producer_id, batch.producer_epoch, batch.base_sequence)
    assert batch.validate_crc()
    assert [(b"key", b"value")] == [(entry.key, entry.value) for entry in batch]


def test_one_record_fits_into_any_batch() -> None:
    """The bound of a batch is for the second record on."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, 7, 3, 41, 1000)

    assert builder.append(0, 1, b"key", bytes(2000), []) is not None


def test_where_the_fields_of_answers_stand() -> None:
    """An answer is read by position: partition, error code, offset; the records of a fetch stand last."""
    produce = aiokafka.protocol.produce.ProduceRequest_v7.RESPONSE_TYPE.SCHEMA
    fetch = aiokafka.protocol.fetch.FetchRequest_v11.RESPONSE_TYPE.SCHEMA
    offsets = aiokafka.protocol.offset.OffsetRequest_v3.RESPONSE_TYPE.SCHEMA

    assert ("partition", "error_code", "offset") == _entry(produce)[:3]
    assert ("partition", "error_code") == _entry(fetch)[:2]
    assert "message_set" == _entry(fetch)[-1]
    assert ("partition", "error_code", "timestamp", "offset") == _entry(offsets)


def _entry(schema: SimpleNamespace) -> tuple[str, ...]:
    """Return the names of the fields of one partition."""
    topics = schema.fields[schema.names.index("topics")].array_of
    names: tuple[str, ...] = topics.fields[topics.names.index("partitions")].array_of.names
    return names
