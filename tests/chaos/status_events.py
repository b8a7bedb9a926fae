"""The status events of a run, read from the topic's start by a plain consumer: no gap, no false repeat, all told."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

TOPIC = "hub.events"
_WAIT_MS = 2000

Event = Mapping[str, Any]


async def read_events(bootstrap: str) -> list[Event]:
    """Return every event of the topic; those of one dossier in their order."""
    consumer = AIOKafkaConsumer(
        TOPIC, bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        events: list[Event] = []
        while any([await consumer.position(place) < end for place, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_WAIT_MS)).values():
                events.extend(orjson.loads(record.value or b"") for record in records)
        return events
    finally:
        await consumer.stop()


def judge_events(events: Iterable[Event], acknowledged: Mapping[tuple[str, int], str]) -> Iterator[str]:
    """Yield what is wrong: a gap, another event under a known number, a message that was never told of to its end."""
    told: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        told[event["subject"]].append(event)
    for subject, sequence in told.items():
        yield from _judge_sequence(subject, sequence)
    ends = {(event["data"]["message_id"], event["data"]["state"]) for each in told.values() for event in each}
    for (code, revision), message_id in acknowledged.items():
        missing = [state for state in ("accepted", "completed") if (message_id, state) not in ends]
        if missing:
            yield f"{code} revision {revision}: nobody was told that it is {' or '.join(missing)}"


def _judge_sequence(subject: str, sequence: Sequence[Event]) -> Iterator[str]:
    seen: dict[int, str] = {}
    for event in sequence:
        number, id_ = event["seq"], event["id"]
        if number in seen:
            if seen[number] != id_:
                yield f"{subject}: two events have number {number}"
        elif number != len(seen) + 1:
            yield f"{subject}: event {number} comes after {len(seen)}"
            return
        else:
            seen[number] = id_
    if len(set(seen.values())) != len(seen):
        yield f"{subject}: one event has two numbers"
