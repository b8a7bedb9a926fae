"""Partitions on Kafka that become a copy of others: record n there is record n here.

A record's sequence number is its offset, and the producer's id outlives the process. A broker takes record n only
right behind record n - 1 of the same producer, and knows a batch again that it has: so neither a lost answer, nor a
batch of a process that was killed and that arrives late, can put a record twice or leave one out.
Source: idempotent producer, KIP-98; DeleteRecords, KIP-107.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Self, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import KafkaError
from aiokafka.protocol.commit import OffsetCommitRequest
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.structs import TopicPartition

from hub.errors import ConfigInvalid, HubFault, Unavailable, WriteInDoubt
from hub.log.kafka.fetch import bounds, fetch
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.link import NO_ACCESS, KafkaAccess, Link
from hub.log.kafka.verdict import Verdict, verdict_of
from hub.ports import Bounds, Clock, Record

_LIMITS = KafkaLimits(request_wait_s=20.0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MAGIC = 2
_ALL_REPLICAS = -1
_SEQUENCE_WRAP = 2**31
_PRODUCER_EPOCH = 0
_ASK_AGAIN_S = 0.2
_PADDING_RECORDS_MAX = 20_000
_FINAL = {
    Verdict.LARGE: "the topic takes no batch of this size (max.message.bytes)",
    Verdict.REFUSED: "the brokers refuse to write",
}
_MEMBERS = frozenset({22, 25, 27})
"""ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS: the group has members."""

Place = tuple[str, int]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records as a broker takes them, from the offset `first` up to, not including, `end`."""

    first: int
    end: int
    data: bytes


def milliseconds(instant: datetime) -> int:
    """Return an instant as Kafka keeps it: whole milliseconds since 1970, the rest is cut off."""
    return (instant - _EPOCH) // _MILLISECOND


def chunk_of(records: Sequence[Record], producer_id: int, bytes_max: int = _LIMITS.batch_bytes_max) -> Chunk:
    """Pack the first of some records, as many as fit and one at least; their offsets must be gapless."""
    first = records[0].offset
    builder = _builder(producer_id, first, bytes_max)
    count = 0
    for record in records:
        if builder.append(count, milliseconds(record.appended_at), record.key, record.value, []) is None:
            break
        count += 1
    return Chunk(first, first + count, bytes(builder.build()))


def padding_of(first: int, end: int, at: datetime, producer_id: int) -> Chunk:
    """Pack empty records that stand for those that the source has let go of."""
    builder = _builder(producer_id, first, _LIMITS.batch_bytes_max)
    count = min(end - first, _PADDING_RECORDS_MAX)
    for number in range(count):
        builder.append(number, milliseconds(at), b"", b"", [])
    return Chunk(first, first + count, bytes(builder.build()))


def _builder(producer_id: int, first: int, bytes_max: int) -> DefaultRecordBatchBuilder:
    return DefaultRecordBatchBuilder(_MAGIC, 0, 0, producer_id, _PRODUCER_EPOCH, first % _SEQUENCE_WRAP, bytes_max)


class KafkaReplica:
    """The partitions of some topics, and what groups committed there. Made by `open`.

    `patience_s`: for how long brokers that do not answer are asked again. Errors of all verbs: Unavailable.
    """

    def __init__(
        self,
        topics: Mapping[str, int],
        clock: Clock,
        links: Sequence[Link],
        admin: AIOKafkaAdminClient,
        patience_s: float,
    ) -> None:
        self._topics = dict(topics)
        self._clock = clock
        self._writing, self._reading = links
        self._admin = admin
        self._patience_s = patience_s

    @classmethod
    async def open(
        cls,
        bootstrap: str,
        topics: Mapping[str, int],
        clock: Clock,
        *,
        patience_s: float = 30.0,
        access: KafkaAccess = NO_ACCESS,
    ) -> Self:
        """Connect; the topics must be there."""
        admin = AIOKafkaAdminClient(
            bootstrap_servers=bootstrap.split(","),
            request_timeout_ms=round(_LIMITS.request_wait_s * 1000),
            **access.options(),
        )
        links: list[Link] = []
        try:
            for purpose in ("copy", "verify"):
                links.append(await Link.open(purpose, bootstrap, set(topics), _LIMITS.request_wait_s, access))  # noqa: PERF401 - closed below when the second fails
            await admin.start()
            return cls(topics, clock, links, admin, patience_s)
        except BaseException as error:
            await admin.close()
            for link in links:
                await link.aclose()
            if isinstance(error, KafkaError | OSError):
                raise Unavailable(f"no broker answers: {type(error).__name__}") from error
            raise

    async def aclose(self) -> None:
        """Close the connections."""
        await self._admin.close()
        await self._writing.aclose()
        await self._reading.aclose()

    async def new_producer_id(self) -> int:
        """Have the brokers give out an id that no other producer has."""
        return await self._patiently(self._new_producer_id)

    async def bounds(self, place: Place) -> Bounds:
        """Return what a partition holds right now."""
        topic, partition = place
        return (await self._patiently(partial(bounds, self._reading, topic, [partition])))[partition]

    async def read(self, place: Place, offset: int) -> Sequence[Record]:
        """Return records from an offset on, which must be in the partition; at least one."""
        return await self._patiently(partial(self._read, place, offset))

    async def write(self, place: Place, chunk: Chunk) -> bool:
        """Write a chunk, once. False: it may be there or not, look where the partition ends.

        Errors: ConfigInvalid (it came to lie elsewhere, or will never be taken).
        """
        try:
            verdict, offset = await self._produce(place, chunk)
        except HubFault:  # it did not leave, or left and was not answered: the end of the partition tells
            verdict, offset = Verdict.DOUBT, -1
        if verdict in _FINAL:
            raise ConfigInvalid(f"{_name(place)}: {_FINAL[verdict]}")
        if verdict is Verdict.WRITTEN and offset != chunk.first:
            raise ConfigInvalid(
                f"{_name(place)}: record {chunk.first} came to lie at {offset}; somebody else writes there"
            )
        if verdict is not Verdict.WRITTEN:
            self._writing.refresh()
        return verdict is Verdict.WRITTEN

    async def trim(self, place: Place, before: int) -> None:
        """Let go of what lies below an offset."""
        what = {TopicPartition(*place): RecordsToDelete(before_offset=before)}
        await self._patiently(partial(self._asked, partial(self._admin.delete_records, what)))

    async def committed(self, group: str, topic: str) -> dict[int, int]:
        """Return the next offset to read per partition, for those where the group has committed one."""
        wanted = [TopicPartition(topic, partition) for partition in range(self._topics[topic])]
        ask = partial(self._admin.list_consumer_group_offsets, f"{group}.{topic}", partitions=wanted)
        found = await self._patiently(partial(self._asked, ask))
        return {place.partition: entry.offset for place, entry in found.items() if entry.offset >= 0}

    async def commit(self, group: str, topic: str, offsets: Mapping[int, int]) -> None:
        """Commit for a group that has no members. ConfigInvalid when it has."""
        await self._patiently(partial(self._commit, f"{group}.{topic}", topic, offsets))

    async def _new_producer_id(self) -> int:
        node = self._writing.anyone()
        if node is None:
            raise Unavailable("no broker is known")
        answer = await self._writing.send(node, InitProducerIdRequest(None, 0))
        if answer.error_code:
            raise Unavailable(f"the brokers give no producer id: Kafka's code {answer.error_code}")
        return int(answer.producer_id)

    async def _read(self, place: Place, offset: int) -> Sequence[Record]:
        node = self._leader(self._reading, place)
        found = (await fetch(self._reading, node, {place: offset}, wait_s=1, bytes_max=_LIMITS.read_bytes_max))[place]
        if found.error is not None:
            raise found.error
        if not found.records:
            raise Unavailable(f"{_name(place)}: nothing can be read at {offset}")
        return found.records

    async def _produce(self, place: Place, chunk: Chunk) -> tuple[Verdict, int]:
        topic, partition = place
        node = self._leader(self._writing, place)
        wait_ms = round(_LIMITS.request_wait_s * 750)  # the broker gives up before we give up waiting for it
        request = ProduceRequest(None, _ALL_REPLICAS, wait_ms, [(topic, [(partition, chunk.data)])])
        answer = await self._writing.send(node, request)
        _, code, offset, *_ = answer.topics[0][1][0]
        return verdict_of(code), offset

    async def _commit(self, name: str, topic: str, offsets: Mapping[int, int]) -> None:
        node = await self._asked(partial(self._admin.find_coordinator, name))
        entries = [(partition, offset, "") for partition, offset in offsets.items()]
        answer = await self._writing.send(node, OffsetCommitRequest(name, -1, "", -1, [(topic, entries)]))
        codes = {code for _, answers in answer.topics for _, code in answers if code}
        if codes & _MEMBERS:
            raise ConfigInvalid(f"the group {name} has members: stop every process of the hub at the target")
        if codes:
            raise Unavailable(f"the group {name} takes no offsets: Kafka's codes {sorted(codes)}")

    def _leader(self, link: Link, place: Place) -> int:
        node = link.leader(*place)
        if node is None:
            raise Unavailable(f"{_name(place)}: no broker leads it")
        return node

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except (KafkaError, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise Unavailable(f"the brokers do not answer: {type(error).__name__}") from error

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        until_s = self._clock.monotonic() + self._patience_s
        while True:
            try:
                return await ask()
            except (Unavailable, WriteInDoubt) as error:
                if self._clock.monotonic() >= until_s:
                    raise Unavailable(error.hint) from error
            self._reading.refresh()
            await self._clock.sleep(_ASK_AGAIN_S)


def _name(place: Place) -> str:
    return f"{place[0]}/{place[1]}"
