"""What can happen next: moves that a property, or a seed, puts one after the other."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """One thing that happens. The first are the plainest: what fails is shrunk towards them."""

    PASS = "time passes"
    SUBMIT = "a state is accepted"
    FATE = "the next call of a platform ends so"
    ANSWER = "the next inquiry at a platform ends so"
    AGAIN = "a record is appended once more"
    OUTAGE = "a platform goes away, or comes back"
    LOCK = "a platform refuses the hub, or knows it again"
    KILL = "a worker is killed"
    KILL_AT = "a worker is killed some steps from here"
    JOIN = "a worker joins, or the youngest leaves"
    FELL = "a worker falls"
    HALT = "a worker stands still at its next call"
    EVICT = "what stands still loses its partitions, or goes on"
    STORE_FAILS = "the n-th call of the store from here fails"
    LOG_FAILS = "the n-th append from here fails"
    WITHDRAW = "a dossier is withdrawn"
    OVERTAKE = "two states are appended in the wrong order"
    RULE = "an operator rules on what is dead"


_OFTEN = {Kind.PASS: 6, Kind.SUBMIT: 6, Kind.FATE: 5, Kind.KILL_AT: 2}


@dataclass(frozen=True)
class Move:
    """One move. `which` and `much` mean what the kind makes of them."""

    kind: Kind
    which: int = 0
    much: int = 0

    def __repr__(self) -> str:
        return f"Move(Kind.{self.kind.name}, {self.which}, {self.much})"


WHICH_MAX = 11
MUCH_MAX = 255


def script(seed: int) -> Sequence[Move]:
    """Return the moves of a seed."""
    dice = random.Random(seed)
    kinds = list(Kind)  # the order is that of the seeds: what comes later goes to the end
    chosen = dice.choices(kinds, [_OFTEN.get(kind, 1) for kind in kinds], k=dice.randint(4, 24))
    return [Move(kind, dice.randint(0, WHICH_MAX), dice.randint(0, MUCH_MAX)) for kind in chosen]
