"""A check of the portal's ledger that shares nothing with `ops.sandbox.verdict`: it reads each dossier's effects aloud.

What a dossier must come to is one sentence: its states in order, each followed by its parts of progress in order. A
part may be said again at once (the portal can neither recognise nor tell it); everything else is a flaw.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.load import PROGRESS_FIELDS, STATE_FIELDS, Dossier, Mark

Part = tuple[str, int, int]
"""(canonical code, revision, part) of one call with progress."""


@dataclass(slots=True)
class Check:
    """`flaws` names dossiers and what is wrong first; `doubled` are parts of progress that the portal took twice."""

    effects: int = 0
    flaws: list[str] = field(default_factory=list)
    doubled: set[Part] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Phrase:
    """Effects of one call; only progress may be repeated."""

    marks: tuple[Mark, ...]
    part: Part | None


def check(rows: Iterable[Mapping[str, Any]], dossiers: Iterable[Dossier]) -> Check:
    """Judge the rows of a ledger in their order. Look-ups change nothing and are passed over."""
    said: dict[str, list[Mark]] = defaultdict(list)
    for row in rows:
        if row["kind"] != "lookup":
            said[row["key"]].append(_mark(row))
    found = Check(effects=sum(map(len, said.values())))
    for one in dossiers:
        _read(one, said.pop(one.wire_code, []), found)
    found.flaws.extend(f"{code}: nobody sent it" for code in said)
    return found


def _mark(row: Mapping[str, Any]) -> Mark:
    fields = PROGRESS_FIELDS if row["kind"] == "progress" else STATE_FIELDS
    return (row["kind"], *(row["data"][name] for name in fields))


def _read(one: Dossier, said: Sequence[Mark], found: Check) -> None:
    at = 0
    for phrase in _sentence(one):
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
