"""A check of the ledgers of the portal and of EMC: it reads each dossier's effects aloud.

It shares nothing with `ops.sandbox.verdict`. What a dossier must come to is one sentence: its states in order, each
followed by its parts of progress in order; at EMC its events in order. A part, or an event, may be said again at once
(nobody can recognise or tell it there); everything else is a flaw.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.load import EVENT_FIELDS, PROGRESS_FIELDS, STATE_FIELDS, Dossier, Mark

Part = tuple[str, int, int]
"""(canonical code, revision, part) of one call that adds: with progress, or with an event."""


@dataclass(slots=True)
class Check:
    """`flaws` names dossiers and what is wrong first; `doubled` are calls that add and were taken twice."""

    effects: int = 0
    flaws: list[str] = field(default_factory=list)
    doubled: set[Part] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Effects of one call; only one with a part may be repeated."""

    marks: tuple[Mark, ...]
    part: Part | None


def check(rows: Iterable[Mapping[str, Any]], dossiers: Iterable[Dossier]) -> Check:
    """Judge the rows of the portal's ledger in their order. Look-ups change nothing and are passed over."""
    return _check((row for row in rows if row["kind"] != "lookup"), {one: _sentence(one) for one in dossiers})


def check_events(rows: Iterable[Mapping[str, Any]], dossiers: Iterable[Dossier]) -> Check:
    """Judge the rows of EMC's ledger in their order: an event for each state, which may be said again at once."""
    return _check(rows, {one: _events(one) for one in dossiers})


def _check(rows: Iterable[Mapping[str, Any]], sentences: Mapping[Dossier, Iterable["_Phrase"]]) -> Check:
    said: dict[str, list[Mark]] = defaultdict(list)
    for row in rows:
        said[row["key"]].append(_mark(row))
    found = Check(effects=sum(map(len, said.values())))
    for one, sentence in sentences.items():
        _read(one, sentence, said.pop(one.wire_code, []), found)
    found.flaws.extend(f"{code}: nobody sent it" for code in said)
    return found


def _mark(row: Mapping[str, Any]) -> Mark:
    fields = {"progress": PROGRESS_FIELDS, "event": EVENT_FIELDS}.get(row["kind"], STATE_FIELDS)
    return (row["kind"], *(row["data"][name] for name in fields))


def _read(one: Dossier, sentence: Iterable[_Phrase], said: Sequence[Mark], found: Check) -> None:
    at = 0
    for phrase in sentence:
        size = len(phrase.marks)
        if tuple(said[at : at + size]) != phrase.marks:
            found.flaws.append(f"{one.code}: effect {at + 1} of {len(said)} is not {phrase.marks[0][:2]}")
            return
        at += size
        while phrase.part is not None and tuple(said[at : at + size]) == phrase.marks:
            found.doubled.add(phrase.part)
            at += size
    if at < len(said):
        found.flaws.append(f"{one.code}: {len(said) - at} effects after its end")


def _sentence(one: Dossier) -> Iterable[_Phrase]:
    for state in one.states:
        kind = "dossier_created" if state.revision == 1 else "dossier_updated"
        yield _Phrase(((kind, *state.mark),), None)
        for number, part in enumerate(state.parts):
            yield _Phrase(tuple(("progress", *mark) for mark in part), (one.code, state.revision, number))


def _events(one: Dossier) -> Iterable[_Phrase]:
    for state in one.states:
        yield _Phrase((("event", *state.event),), (one.code, state.revision, 0))
