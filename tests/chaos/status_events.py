"""The status events of a run, read from the oldest on at the hub's own door: no gap, no false repeat, all told."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import aiohttp

from tests.chaos.read_model import Line

_BATCH = 1000
_LOOK_EVERY_S = 0.25

Event = Mapping[str, Any]
Owed = Mapping[tuple[str, int], Collection[Line]]
"""The deliveries of each state, by canonical code and revision."""


async def read_events(session: aiohttp.ClientSession, messages: Collection[str], quiet_s: float) -> list[Event]:
    """Return every event, once those messages are told to be completed or nothing more was told for `quiet_s`."""
    events: list[Event] = []
    untold, after, moved_s = set(messages), "start", time.monotonic()
    while untold and time.monotonic() < moved_s + quiet_s:
        async with session.get("/v1/events/batch", params={"after": after, "limit": str(_BATCH)}) as answer:
            answer.raise_for_status()
            batch = await answer.json()
        after = batch["next"]
        events.extend(batch["events"])
        untold.difference_update(_completed(batch["events"]))
        if batch["events"]:
            moved_s = time.monotonic()
        else:
            await asyncio.sleep(_LOOK_EVERY_S)
    return events


def judge_events(
    events: Iterable[Event], acknowledged: Mapping[tuple[str, int], str], owed: Owed | None = None
) -> Iterator[str]:
    """Yield what is wrong: a gap, another event under a known number, something told twice, or never."""
    told: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        told[event["subject"]].append(event)
    for subject, sequence in told.items():
        yield from _judge_sequence(subject, sequence)
    ids: dict[tuple[str, str, Line | None], set[str]] = defaultdict(set)
    for event in (event for sequence in told.values() for event in sequence):
        ids[event["data"]["message_id"], event["data"]["state"], _line(event)].add(event["id"])
    for place, message_id in acknowledged.items():
        yield from _judge_message(place, message_id, ids, (owed or {}).get(place, ()))


def _judge_message(
    place: tuple[str, int],
    message_id: str,
    ids: Mapping[tuple[str, str, Line | None], Collection[str]],
    owed: Collection[Line],
) -> Iterator[str]:
    told: dict[str, tuple[str, Line | None]] = {"accepted": ("accepted", None), "completed": ("completed", None)}
    told |= {f"delivered by {line[0]} {line[1]}": ("delivered", line) for line in owed}
    times = {what: len(ids.get((message_id, *key), ())) for what, key in told.items()}
    if missing := [what for what, number in times.items() if not number]:
        yield f"{place[0]} revision {place[1]}: nobody was told that it is {' or '.join(missing)}"
    for what, number in times.items():
        if number > 1:
            yield f"{place[0]} revision {place[1]}: {number} events say that it is {what}"


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


def _completed(events: Iterable[Event]) -> Iterator[str]:
    return (event["data"]["message_id"] for event in events if event["data"]["state"] == "completed")


def _line(event: Event) -> Line | None:
    """Return which delivery an event is about; None when it is about a whole message."""
    said = event["data"]
    return None if said.get("operation") is None else (said["operation"].rpartition(".")[2], said.get("part") or 0)
