"""Membership in a Kafka group: aiokafka's coordinator, watched from inside.

What is used of aiokafka beyond its documented names is gathered here, and each such name has a canary in
`tests/contracts/test_log_kafka_canaries.py`.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from typing import Any, Protocol

from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.errors import KafkaError
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest
from aiokafka.structs import TopicPartition

from hub.errors import StaleOwner, Unavailable
from hub.log.kafka.lease import Lease
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.shares import Sharing
from hub.ports import Clock

_BACKOFF_MS = 100
_NEVER_MS = 2**53
"""A member that does not fetch for long is slow, not dead: its heartbeats speak for it."""
_REBALANCING = 27
_STALE = frozenset({22, 25, 82})
"""ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID."""
_LEAVE_WAIT_S = 3.0


class Turns(Protocol):
    """Told by the group what comes and goes."""

    def given(self, partitions: Collection[int], generation: int, member_id: str) -> None:
        """The group gave us these partitions. Must not wait: heartbeats begin when it returns."""

    async def taken(self) -> None:
        """The group asks for all partitions back, and goes on when this returns. Heartbeats go on meanwhile."""


class _Watched(GroupCoordinator):
    """A coordinator that notes in a lease what the group acknowledges."""

    def __init__(self, *arguments: Any, lease: Lease, clock: Clock, **options: Any) -> None:
        self._lease = lease
        self._clock = clock
        super().__init__(*arguments, **options)

    async def _send_req(self, request: Any) -> Any:
        sent_s = self._clock.monotonic()
        answer = await super()._send_req(request)
        if isinstance(request, HeartbeatRequest | SyncGroupRequest):
            code = answer.error_code
            if code in _STALE:
                self._lease.lose()
            elif code == 0 or (code == _REBALANCING and isinstance(request, HeartbeatRequest)):
                self._lease.confirm(sent_s, rebalancing=code == _REBALANCING)
        return answer

    async def commit(self, generation: int, member_id: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Commit as the member of that generation, for the group itself fences former ones. Errors: StaleOwner."""
        partitions = [(partition, offset, "") for partition, offset in offsets.items()]
        request = OffsetCommitRequest(self.group_id, generation, member_id, -1, [(topic, partitions)])
        while True:
            await self.ensure_coordinator_known()
            code = await self._committed(request)
            if code == 0:
                return
            if code in _STALE or (code == _REBALANCING and self.generation != generation):
                raise StaleOwner(f"{self.group_id}: the group has given the partitions of {topic} anew")
            await asyncio.sleep(_BACKOFF_MS / 1000)

    async def _committed(self, request: Any) -> int:
        """Return the code of a commit: 0, or the first other one; -1 when no answer came."""
        try:
            answer = await self._send_req(request)
        except KafkaError:
            return -1
        codes = [code for _, entries in answer.topics for _, code in entries if code]
        if {15, 16} & set(codes):  # COORDINATOR_NOT_AVAILABLE, NOT_COORDINATOR
            self.coordinator_dead()
        return codes[0] if codes else 0

    async def end(self) -> None:
        """Leave, as far as the brokers can be reached, and stop every task."""
        try:
            async with asyncio.timeout(_LEAVE_WAIT_S):
                await self.close()
        except (TimeoutError, KafkaError):
            pass
        finally:
            await self._stop_heartbeat_task()
            await self._stop_commit_offsets_refresh_task()
            # When leaving in good order took too long, the others need not wait for the session to end.
            await asyncio.wait({self.maybe_leave_group()}, timeout=_LEAVE_WAIT_S)


class _Listener(ConsumerRebalanceListener):
    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.coordinator: _Watched | None = None

    async def on_partitions_revoked(self, _revoked: Collection[TopicPartition]) -> None:
        await self.turns.taken()

    def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        coordinator = self.coordinator
        assert coordinator is not None  # noqa: S101 - the group is joined through it
        self.turns.given([tp.partition for tp in assigned], coordinator.generation, coordinator.member_id)


class Membership:
    """One member of one group on one topic, with connections of its own."""

    def __init__(self, client: AIOKafkaClient, coordinator: _Watched, lease: Lease, clock: Clock, topic: str) -> None:
        self._client = client
        self._coordinator = coordinator
        self._lease = lease
        self._clock = clock
        self._topic = topic
        self._ended = False

    @classmethod
    def begin(
        cls,
        client: AIOKafkaClient,
        group: str,
        topic: str,
        partitions: int,
        turns: Turns,
        clock: Clock,
        limits: KafkaLimits,
        member: str | None,
    ) -> "Membership":
        """Begin to join; `turns` hears of it. The client is the membership's from here on."""
        listener = _Listener(turns)
        subscription = SubscriptionState()
        subscription.register_fetch_waiters(set())
        ExitStack().enter_context(subscription.fetch_context())
        lease = Lease(limits.session_timeout_s, limits.rebalance_timeout_s, limits.lease_margin_s)
        listener.coordinator = _Watched(
            client,
            subscription,
            lease=lease,
            clock=clock,
            group_id=group,
            group_instance_id=member,
            session_timeout_ms=round(limits.session_timeout_s * 1000),
            heartbeat_interval_ms=round(limits.heartbeat_every_s * 1000),
            rebalance_timeout_ms=round(limits.rebalance_timeout_s * 1000),
            max_poll_interval_ms=_NEVER_MS,
            retry_backoff_ms=_BACKOFF_MS,
            enable_auto_commit=False,
            assignors=(Sharing(topic, partitions),),
        )
        subscription.subscribe({topic}, listener)
        return cls(client, listener.coordinator, lease, clock, topic)

    def certain(self) -> bool:
        """Whether the group cannot have given our partitions away yet."""
        return self._lease.certain(self._clock.monotonic())

    def check(self) -> None:
        """Raise what the coordinator cannot help itself with. Errors: Unavailable."""
        try:
            self._coordinator.check_errors()
        except KafkaError as error:
            raise Unavailable(f"the group cannot go on: {type(error).__name__}") from error

    async def commit(self, generation: int, member_id: str, offsets: Mapping[int, int], wait_s: float) -> None:
        """Commit as the member of a generation. Errors: StaleOwner, Unavailable (nobody said that it is recorded)."""
        try:
            async with asyncio.timeout(wait_s):
                await self._coordinator.commit(generation, member_id, self._topic, offsets)
        except (TimeoutError, KafkaError) as error:
            raise Unavailable("the group did not acknowledge a commit in time") from error

    async def committed(self, partitions: Collection[int], wait_s: float) -> dict[int, int]:
        """Return the next offsets to read as last committed; nothing for those never committed. Errors: Unavailable."""
        places = [TopicPartition(self._topic, partition) for partition in partitions]
        try:
            async with asyncio.timeout(wait_s):
                found = await self._coordinator.fetch_committed_offsets(places)
        except (TimeoutError, KafkaError) as error:
            raise Unavailable("the group did not tell its offsets in time") from error
        return {place.partition: entry.offset for place, entry in found.items()}

    async def end(self) -> None:
        """Leave the group and close the connections."""
        if self._ended:
            return
        self._ended = True
        self._lease.lose()
        await self._coordinator.end()
        await self._client.close()
