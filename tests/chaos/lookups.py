"""The lookups of a run against the audit and the ledger of the population database: each is accounted for."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from hub.app.ground import open_ground
from hub.app.seams import Seams
from hub.ports import Log
from hub.settings import load
from hub.telemetry import Metrics
from tests.chaos.asker import Asked

DECLARED = frozenset(
    {
        "hub.unavailable",
        "hub.disk_full",
        "hub.in_doubt",
        "hub.overloaded",
        "platform.unavailable",
        "platform.unreadable",
        "platform.refused_us",
        "platform.reply_lost",
    }
)
"""The problems that a lookup may come to, when nothing is wrong with its question (`/openapi.json`)."""
_AWAY = "platform.unavailable"
_TOPIC = "hub.audit"
_READ_RECORDS = 1000
_ID_CHARS = 36
"""Of a request id; what follows it in a call counts the tries."""
_HALVES: tuple[Sequence[str], ...] = ((), ("asked",), ("asked", "answered"))
"""How far the audit of a lookup can have come when its process died, or could not write."""

Audited = Mapping[str, Any]


@dataclass(slots=True)
class Lookups:
    """What came of them: `answers` counts what was answered, `calls` the questions that the source saw."""

    answers: Counter[str] = field(default_factory=Counter)
    data: int = 0
    records: int = 0
    calls: int = 0
    flaws: list[str] = field(default_factory=list)


async def read_audit(folder: Path) -> list[Audited]:
    """Return every record of the audit, from the log of an installation that stands still."""
    async with AsyncExitStack() as stack:
        ground = await open_ground(load(folder, environ={}), Seams(), stack, Metrics())
        log = ground.homes.log
        return [record for at in range(log.partitions(_TOPIC)) for record in await _partition(log, at)]


async def _partition(log: Log, partition: int) -> list[Audited]:
    bounds = await log.bounds(_TOPIC, partition)
    offset, found = bounds.start, []
    while offset < bounds.end:
        records = await log.read(_TOPIC, partition, offset, _READ_RECORDS)
        if not records:
            break
        found.extend([orjson.loads(record.value) for record in records])
        offset = records[-1].offset + 1
    return found


def judge_lookups(asked: Sequence[Asked], audit: Sequence[Audited], calls: Iterable[str]) -> Lookups:
    """Compare what was answered with the audit, and the audit with what the source was asked, by request id."""
    found = Lookups(Counter(one.answer for one in asked), sum(one.answered for one in asked), len(audit))
    by_dossier: dict[str, list[Audited]] = defaultdict(list)
    for record in audit:
        by_dossier[record["dossier_code"]].append(record)
    for one in asked:
        found.flaws.extend(f"lookup for {one.dossier}: {said}" for said in _judge(one, by_dossier.pop(one.dossier, [])))
    found.flaws.extend(f"the audit has a lookup for {code} that nobody made" for code in by_dossier)
    found.flaws.extend(_judge_calls(audit, calls, found))
    return found


def _judge_calls(audit: Sequence[Audited], calls: Iterable[str], found: Lookups) -> Iterator[str]:
    known = {record["request_id"] for record in audit if record["event"] == "asked"}
    for call in calls:
        found.calls += 1
        if call[:_ID_CHARS] not in known:
            yield f"the source was asked under {call}, and the audit does not say so"


def _judge(one: Asked, records: Sequence[Audited]) -> Iterator[str]:
    """Yield what is wrong with one lookup: two halves when its source had a say, at most those in any other case."""
    said = [(record["event"], record["result"]) for record in records]
    if one.answered and one.wrong:
        yield f"{one.answer} was answered, {one.expected} is right"
    if not one.answered and not one.answer.startswith("(") and one.answer not in DECLARED:
        yield f"{one.answer} is no answer that was declared"
    if one.answered and {record["request_id"] for record in records} != {one.request_id}:
        yield "it was answered, and the audit does not say so under its id"
    elif one.answered or (one.answer.startswith("platform.") and not _was_shut(one, said)):
        if said != [("asked", ""), ("answered", one.answer)]:
            yield f"{one.answer} was answered, the audit says {_listed(said)}"
    elif tuple(event for event, _ in said) not in _HALVES:
        yield f"the audit says {_listed(said)}"


def _was_shut(one: Asked, said: Collection[tuple[str, str]]) -> bool:
    """Whether the hub knew that the source is away, and did not ask at all."""
    return one.answer == _AWAY and not said


def _listed(said: Collection[tuple[str, str]]) -> str:
    return ", ".join(f"{event} {result}".strip() for event, result in said) or "nothing"
