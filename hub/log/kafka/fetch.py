"""Reading from Kafka: records from an offset on, and where a partition begins and ends."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiokafka.errors import CorruptRecordException, KafkaError
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.protocol.offset import OffsetRequest
from aiokafka.record.memory_records import MemoryRecords

from hub.errors import HubFault, Unavailable
from hub.log.kafka.link import Link
from hub.ports import Bounds, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = -1
_EARLIEST = -2
_CONSUMER = -1
_UNCOMMITTED = 0
_MOVED = frozenset({3, 5, 6, 9, 74, 75, 76, 78})
"""Codes after which the partition has to be looked up again or simply asked again."""
_OUT_OF_RANGE = 1
_FORBIDDEN = 29
_RECORD_BYTES_GUESSED = 2048
_READ_BYTES_MIN = 65_536

Place = tuple[str, int]


class OutOfRange(HubFault):
    """The offset asked for is not (any more, or not yet) in the partition."""

    code = "hub.unavailable"


class Unreadable(HubFault):
    """What lies at the offset is damaged, or the brokers do not let the hub read it."""

    code = "hub.unavailable"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one partition: records in order and the offset to go on from, or an error."""

    records: tuple[Record, ...]
    next_offset: int
    error: HubFault | None = None


async def fetch(
    link: Link, node: int, offsets: Mapping[Place, int], *, wait_s: float, bytes_max: int
) -> dict[Place, Fetched]:
    """Ask one broker for records of partitions that it leads; it waits up to `wait_s` for the first.

    Partitions named first are answered first, when not all fits. Errors: Unavailable.
    """
    request = FetchRequest(round(wait_s * 1000), 1, bytes_max, _UNCOMMITTED, _by_topic(offsets, bytes_max))
    try:
        answer = await link.send(node, request)
    except HubFault as error:
        raise Unavailable("the broker did not answer a reader") from error
    found = {}
    for topic, entries in answer.topics:
        for partition, code, *rest in entries:
            place = topic, partition
            found[place] = _fetched(link, place, offsets[place], code, rest[-1])
    return found


def bytes_for(records_max: int, bytes_max: int) -> int:
    """Return how much to ask for when so many records are wanted: what comes beyond them was taken apart in vain."""
    return min(bytes_max, max(_READ_BYTES_MIN, records_max * _RECORD_BYTES_GUESSED))


def _by_topic(offsets: Mapping[Place, int], bytes_max: int) -> list[tuple[str, list[tuple[int, int, int]]]]:
    topics: defaultdict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for (topic, partition), offset in offsets.items():
        topics[topic].append((partition, offset, bytes_max))
    return list(topics.items())


def _fetched(link: Link, place: Place, offset: int, code: int, data: Any) -> Fetched:
    if code == _OUT_OF_RANGE:
        return Fetched((), offset, OutOfRange(f"{place[0]}, partition {place[1]}: nothing lies at offset {offset}"))
    if code == _FORBIDDEN:
        return Fetched((), offset, Unreadable(f"the brokers do not let the hub read {place[0]}"))
    if code:
        if code in _MOVED:
            link.refresh()
        return Fetched((), offset, Unavailable(f"the broker cannot read {place[0]}: Kafka's code {code}"))
    return _read(place, offset, data)


def _read(place: Place, offset: int, data: Any) -> Fetched:
    """Take batches apart. Control records count as read; a batch may begin before the offset that was asked for."""
    records: list[Record] = []
    after = offset
    try:
        for batch in _batches(data):
            if not batch.is_control_batch:
                records.extend(_records(place, offset, batch))
            after = max(after, batch.next_offset)
    except (KafkaError, ValueError) as error:
        if not records:
            text = f"{place[0]}, partition {place[1]}: damaged at offset {after}: {type(error).__name__}"
            return Fetched((), offset, Unreadable(text))
    return Fetched(tuple(records), after)


def _batches(data: Any) -> Iterator[Any]:
    batches = MemoryRecords(bytes(data or b""))
    while batches.has_next():
        batch = batches.next_batch()
        if not batch.validate_crc():
            raise CorruptRecordException
        yield batch


def _records(place: Place, offset: int, batch: Any) -> Iterator[Record]:
    topic, partition = place
    for entry in batch:
        if entry.offset >= offset:
            at = _EPOCH + timedelta(milliseconds=entry.timestamp)
            yield Record(topic, partition, entry.offset, at, entry.key or b"", entry.value or b"")


async def bounds(link: Link, topic: str, partitions: Collection[int]) -> dict[int, Bounds]:
    """Return what partitions hold right now. Errors: Unavailable."""
    starts, ends = await asyncio.gather(
        _offsets(link, topic, partitions, _EARLIEST), _offsets(link, topic, partitions, _LATEST)
    )
    return {partition: Bounds(starts[partition], ends[partition]) for partition in partitions}


async def ends(link: Link, topic: str, partitions: Collection[int]) -> dict[int, int]:
    """Return where partitions end right now. Errors: Unavailable."""
    return await _offsets(link, topic, partitions, _LATEST)


async def _offsets(link: Link, topic: str, partitions: Collection[int], which: int) -> dict[int, int]:
    by_node: defaultdict[int, list[int]] = defaultdict(list)
    for partition in partitions:
        node = link.leader(topic, partition)
        if node is None:
            raise Unavailable(f"{topic}, partition {partition}: no broker leads it")
        by_node[node].append(partition)
    parts = await asyncio.gather(*(_ask(link, node, topic, mine, which) for node, mine in by_node.items()))
    return {partition: offset for part in parts for partition, offset in part.items()}


async def _ask(link: Link, node: int, topic: str, partitions: Collection[int], which: int) -> dict[int, int]:
    request = OffsetRequest(_CONSUMER, _UNCOMMITTED, [(topic, [(partition, which) for partition in partitions])])
    try:
        answer = await link.send(node, request)
    except HubFault as error:
        link.refresh()
        raise Unavailable("the broker did not say where a partition ends") from error
    found = {}
    for _, entries in answer.topics:
        for partition, code, _, offset in entries:
            if code:
                link.refresh()
                raise Unavailable(f"the broker does not know where {topic} ends: Kafka's code {code}")
            found[partition] = offset
    return found
