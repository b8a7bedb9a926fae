"""What befalls the processes of a fleet, in which order: by seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["kill worker", "freeze worker", "roll worker", "join and leave", "kill api", "roll api", "broker away"]

_KINDS: tuple[Kind, ...] = ("kill worker", "freeze worker", "roll worker", "join and leave", "kill api", "roll api")
_WEIGHTS = (6, 3, 3, 2, 2, 1)


@dataclass(frozen=True, slots=True)
class Blow:
    """One thing that happens, `after_s` the one before, to the member of that number."""

    kind: Kind
    member: int
    after_s: float


def blows(seed: int, count: int, *, broker: bool = True) -> Sequence[Blow]:
    """Return `count` blows: each kind at least once when there is room, one outage of the broker in the middle."""
    random = Random(f"fleet:{seed}")
    struck = count - 1 if broker else count
    kinds: list[Kind] = [*_KINDS, *random.choices(_KINDS, _WEIGHTS, k=max(0, struck - len(_KINDS)))][:struck]
    random.shuffle(kinds)
    if broker:
        kinds.insert(len(kinds) // 2, "broker away")
    return [Blow(kind, random.randrange(2), random.uniform(1.0, 6.0)) for kind in kinds]
