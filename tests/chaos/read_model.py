"""What the hub itself says in the end: its overview, and the timeline of every dossier."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.chaos.check import Part
from tests.chaos.history import History
from tests.chaos.load import Dossier, State

_UNFINISHED = ("waiting", "in_flight", "parked", "in_doubt")
_ENDINGS = ("dead", "expired", "withdrawn")
_LOOK_EVERY_S = 0.25
_READERS = 16
_PLATFORMS = ("national_portal", "emc")
_TRACKING = "dossier_tracking"

Line = tuple[str, int]
"""(operation, part) of one delivery."""


@dataclass(slots=True)
class Told:
    """`flaws` are contradictions to what was acknowledged.

    `possibly_doubled` is what the hub admits of progress, `possibly_twice` what it admits of events at EMC.

    `stuck` counts states and deliveries that came to no end, `asked` those that only an operator can bring to one.
    `events` counts what subscribers were told, repeats aside.
    """

    flaws: list[str] = field(default_factory=list)
    possibly_doubled: set[Part] = field(default_factory=set)
    possibly_twice: set[Part] = field(default_factory=set)
    deliveries: int = 0
    attempts: int = 0
    stuck: int = 0
    asked: int = 0
    events: int = 0

    def note(self, counts: Mapping[str, Any], states: int) -> None:
        """Take from the overview what is under way although nothing is wrong any more, and what waits for a person."""
        self.stuck = max(0, states - counts["accepted"]) + sum(counts[state] for state in _UNFINISHED)
        self.asked = counts["dead"]


async def settled(session: aiohttp.ClientSession, states: int, quiet_s: float) -> Mapping[str, Any]:
    """Return the platforms' counts once every state is accepted and nothing is under way, or once they stand still.

    What did not move for `quiet_s` seconds is stuck.
    """
    last: Mapping[str, Any] = {}
    moved_s = time.monotonic()
    while time.monotonic() < moved_s + quiet_s:
        async with asyncio.timeout(quiet_s):
            counts = await _counts(session)
        if counts["accepted"] >= states and not any(counts[state] for state in _UNFINISHED):
            return counts
        if counts != last:
            last, moved_s = counts, time.monotonic()
        await asyncio.sleep(_LOOK_EVERY_S)
    return last


async def _counts(session: aiohttp.ClientSession) -> Mapping[str, Any]:
    async with session.get("/v1/overview") as answer:
        told: dict[str, Any] = await answer.json()
    counts = Counter(dict.fromkeys((*_UNFINISHED, "delivered", *_ENDINGS), 0))
    for one in told["platforms"]:
        if one["platform"] in _PLATFORMS:
            counts.update({state: one.get(state, 0) for state in list(counts)})
    return {**counts, "accepted": told["accepted"]}


def judge_counts(counts: Mapping[str, Any], dossiers: Sequence[Dossier], *, tracked: bool) -> Iterator[str]:
    """Yield what is wrong with the overview."""
    due = sum(len(owed(state, tracked=tracked)) for one in dossiers for state in one.states)
    expected = {
        "accepted": sum(len(one.states) for one in dossiers),
        "delivered": due,
        **dict.fromkeys((*_UNFINISHED, *_ENDINGS), 0),
    }
    for figure, number in expected.items():
        if counts[figure] != number:
            yield f"the overview counts {counts[figure]} {figure}, {number} are expected"


def owed(state: State, *, tracked: bool) -> list[Line]:
    """Return the deliveries of a state; with EMC when dossiers are tracked."""
    portal = [("dossier_sync", 0), *(("dossier_progress", part) for part in range(len(state.parts)))]
    return [*portal, (_TRACKING, 0)] if tracked else portal


async def read_timelines(
    session: aiohttp.ClientSession, dossiers: Sequence[Dossier], history: History, *, tracked: bool = False
) -> Told:
    """Compare every timeline with what was sent and acknowledged."""
    told = Told()
    waiting = iter(dossiers)

    async def read() -> None:
        for one in waiting:
            async with session.get(f"/v1/dossiers/{one.code}/timeline") as answer:
                _compare(one, (await answer.json()).get("messages", ()), history, told, tracked=tracked)

    await asyncio.gather(*(read() for _ in range(_READERS)))
    return told


def _compare(
    one: Dossier, messages: Sequence[Mapping[str, Any]], history: History, told: Told, *, tracked: bool
) -> None:
    acknowledged = [history.acknowledged.get((one.code, state.revision)) for state in one.states]
    if acknowledged != [message["message_id"] for message in messages]:
        told.flaws.append(f"{one.code}: the timeline has other messages than were acknowledged")
        return
    for state, message in zip(one.states, messages, strict=True):
        lines = message["deliveries"]
        told.deliveries += len(lines)
        told.attempts += sum(line["attempts"] for line in lines)
        due = sorted(owed(state, tracked=tracked))
        found = sorted(_line(line) for line in lines if line["state"] == "delivered")
        if found != due:
            told.flaws.append(f"{one.code} revision {state.revision}: {len(found)} of {len(due)} are delivered")
        for operation, part in (_line(line) for line in lines if line["possibly_doubled"]):
            admitted = told.possibly_twice if operation == _TRACKING else told.possibly_doubled
            admitted.add((one.code, state.revision, part))


def _line(line: Mapping[str, Any]) -> Line:
    return line["operation"].partition(".")[2], line["part"]
