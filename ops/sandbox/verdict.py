"""Compares a platform's ledger with what should have happened: what was lost, doubled, reordered or invented.

Pure. A state of a dossier, and a row of its progress, is known by the values of some of its wire fields (its mark). The
same mark may be expected several times, but a doubled and a lost one then look like a swap: let marks differ where it
matters. Repeats beyond what is expected are `doubled`, wherever they lie. `reordered` are the fewest effects that would
have to move for the rest to be in order.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Mark = tuple[str, ...]
"""The values of the telling fields, in the order in which these are named."""

STATE_KINDS = frozenset({"dossier_created", "dossier_updated"})
PROGRESS_KINDS = frozenset({"progress"})
EVENT_KINDS = frozenset({"event"})


@dataclass(frozen=True, slots=True)
class Expected:
    """What one dossier should have come to, by its code as it goes over the wire."""

    dossier: str
    states: tuple[Mark, ...]
    progress: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    dossier: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Tally:
    """What is wrong with one sort of effects. `stale`: the last effect is not the last one expected."""

    expected: int = 0
    effects: int = 0
    lost: tuple[Finding, ...] = ()
    doubled: tuple[Finding, ...] = ()
    reordered: tuple[Finding, ...] = ()
    invented: tuple[Finding, ...] = ()
    stale: tuple[str, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether everything happened once and in order."""
        return self.whole and not self.doubled

    @property
    def whole(self) -> bool:
        """Whether everything happened and in order, repeats aside: all that can be promised where repeats add."""
        return not (self.lost or self.reordered or self.invented or self.stale)

    def counts(self) -> dict[str, int]:
        """Return the numbers for a report."""
        return {
            "expected": self.expected,
            "effects": self.effects,
            "lost": len(self.lost),
            "doubled": len(self.doubled),
            "reordered": len(self.reordered),
            "invented": len(self.invented),
            "stale": len(self.stale),
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """The states of the dossiers, and the rows of their progress."""

    states: Tally
    progress: Tally

    @property
    def clean(self) -> bool:
        """Whether both are."""
        return self.states.clean and self.progress.clean


def verdict(
    rows: Iterable[Mapping[str, Any]],
    expected: Sequence[Expected],
    state_fields: Sequence[str] = ("TrangThaiHoSo",),
    progress_fields: Sequence[str] = ("ThoiDiemXuLy", "NoiDungXuLy", "TrangThai"),
) -> Verdict:
    """Judge the rows of a ledger, in their order. Look-ups are passed over."""
    states: dict[str, list[Mark]] = defaultdict(list)
    progress: dict[str, list[Mark]] = defaultdict(list)
    for row in rows:
        if row["kind"] in STATE_KINDS:
            states[row["key"]].append(_mark(row["data"], state_fields))
        elif row["kind"] in PROGRESS_KINDS:
            progress[row["key"]].append(_mark(row["data"], progress_fields))
    return Verdict(
        _tally({one.dossier: one.states for one in expected}, states),
        _tally({one.dossier: one.progress for one in expected}, progress),
    )


def appended(
    rows: Iterable[Mapping[str, Any]],
    expected: Mapping[str, Sequence[Mark]],
    kinds: Collection[str] = EVENT_KINDS,
    fields: Sequence[str] = ("Status",),
) -> Tally:
    """Judge effects of a platform where a repeat adds (EMC), by dossier. What is `doubled` must have been announced.

    A sender that resends in doubt says "possibly doubled" of each such delivery: `len(doubled)` is never more.
    """
    seen: dict[str, list[Mark]] = defaultdict(list)
    for row in rows:
        if row["kind"] in kinds:
            seen[row["key"]].append(_mark(row["data"], fields))
    return _tally(expected, seen)


def _mark(data: Mapping[str, Any], fields: Sequence[str]) -> Mark:
    return tuple(str(data.get(name) or "") for name in fields)


@dataclass(slots=True)
class _Findings:
    """What was found so far."""

    lost: list[Finding]
    doubled: list[Finding]
    reordered: list[Finding]
    invented: list[Finding]
    stale: list[str]


def _tally(expected: Mapping[str, Sequence[Mark]], seen: Mapping[str, Sequence[Mark]]) -> Tally:
    found = _Findings([], [], [], [], [])
    for dossier in {**expected, **seen}:
        _judge(dossier, expected.get(dossier, ()), seen.get(dossier, ()), found)
    return Tally(
        expected=sum(map(len, expected.values())),
        effects=sum(map(len, seen.values())),
        lost=tuple(found.lost),
        doubled=tuple(found.doubled),
        reordered=tuple(found.reordered),
        invented=tuple(found.invented),
        stale=tuple(found.stale),
    )


def _judge(dossier: str, expected: Sequence[Mark], seen: Sequence[Mark], found: _Findings) -> None:
    places: dict[Mark, list[int]] = defaultdict(list)
    for place, mark in enumerate(expected):
        places[mark].append(place)
    times: Counter[Mark] = Counter()
    kept: list[int] = []
    for mark in seen:
        if mark not in places:
            found.invented.append(Finding(dossier, mark))
        elif times[mark] >= len(places[mark]):
            found.doubled.append(Finding(dossier, mark))
        else:
            kept.append(places[mark][times[mark]])
            times[mark] += 1
    missing = sorted(set(range(len(expected))) - set(kept))
    found.lost.extend(Finding(dossier, expected[place]) for place in missing)
    found.reordered.extend(Finding(dossier, expected[place]) for place in _out_of_order(kept))
    if expected and seen and seen[-1] != expected[-1]:
        found.stale.append(dossier)


def _out_of_order(places: Sequence[int]) -> list[int]:
    """Return the places that are left when the longest rising run is taken out."""
    tails: list[int] = []
    tail_at: list[int] = []
    before: list[int] = []
    for index, place in enumerate(places):
        length = bisect_left(tails, place)
        before.append(tail_at[length - 1] if length else -1)
        if length == len(tails):
            tails.append(place)
            tail_at.append(index)
        else:
            tails[length] = place
            tail_at[length] = index
    rising: set[int] = set()
    index = tail_at[-1] if tail_at else -1
    while index >= 0:
        rising.add(index)
        index = before[index]
    return [place for index, place in enumerate(places) if index not in rising]
