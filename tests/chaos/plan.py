"""The seeded plan of a run: how each life of the hub ends, and what the portal does meanwhile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.chaos.crash import Crash, Point
from tests.chaos.road_fault import Bad, RoadFault
from tests.chaos.trouble import SORTS, Sort, Trouble, draw

_PARKING = frozenset({Point.PARK_BEFORE, Point.PARK_AFTER, Point.SETTLE_BEFORE, Point.SETTLE_AFTER})
_COMMITTING = frozenset({Point.COMMIT_BEFORE, Point.COMMIT_AFTER})
_STARTING_S = (0.3, 2.5)
_STARTING = 0.4
"""Of the kills from outside, how many come during the start."""
_SLOW = 0.5
"""Of the lives, how many have a slow disk."""
_OUTAGE_S = (0.8, 2.0)
"""What parks something, and settles it again."""
_STATEMENTS = (200, 4000)
"""Where in the life of a hub its store fails."""
_RIPE_S = (0.2, 1.0)


@dataclass(frozen=True, slots=True)
class Life:
    """One life: it ends at `crash`; without one from outside, `outside_s` after its start or after `ripe`.

    A life is ripe when that part of its share was sent; then `trouble` begins. `failing` is the statement at which
    trouble with the store begins. `slow` is the seed of a slow disk.
    """

    crash: Crash | None
    outside_s: float = 0.0
    starting: bool = False
    ripe: float = 0.0
    trouble: Trouble | None = None
    failing: int = 0
    slow: int | None = None

    def __str__(self) -> str:
        if self.crash:
            return str(self.crash)
        return f"outside, {self.outside_s:.2f} s after {'the start' if self.starting else f'{self.ripe:.0%}'}"


def plan(seed: int, kills: int, share: int) -> Sequence[Life]:
    """Return the lives that end by a kill. `share` is how many states the sender may send in each."""
    chance = Random(f"{seed}:plan")
    points: list[Point | None] = [None] * max(0, kills - len(Point))
    while len(points) < kills:
        points += chance.sample(list(Point), min(len(Point), kills - len(points)))
    chance.shuffle(points)
    troubles = _troubles(chance)
    return [_life(chance, point, share, troubles) for point in points]


def _troubles(chance: Random) -> Iterator[Trouble]:
    """Yield troubles for ever: every kind once, then every kind again."""
    while True:
        for sort, bad in chance.sample(SORTS, len(SORTS)):
            yield draw(chance, sort, bad)


def _life(chance: Random, point: Point | None, share: int, troubles: Iterator[Trouble]) -> Life:
    slow = chance.randrange(2**16) if chance.random() < _SLOW else None
    if point is None and chance.random() < _STARTING:
        return Life(None, chance.uniform(*_STARTING_S), starting=True, slow=slow)
    ripe = chance.uniform(0.1, 0.9)
    trouble = _outage(chance) if point in _PARKING else next(troubles)
    failing = chance.randint(*_STATEMENTS) if trouble.sort is Sort.STORE else 0
    if point is None:
        outside_s = trouble.for_s * chance.random() + chance.uniform(*_RIPE_S)
        return Life(None, outside_s, ripe=ripe, trouble=trouble, failing=failing, slow=slow)
    crash = Crash(point, _passage(chance, point, share))
    return Life(crash, ripe=ripe, trouble=trouble, failing=failing, slow=slow)


def _outage(chance: Random) -> Trouble:
    for_s = chance.uniform(*_OUTAGE_S)
    return Trouble(Sort.ROAD, for_s, fault=RoadFault(Bad.REFUSED, for_s))


def _passage(chance: Random, point: Point, share: int) -> int:
    """Return a passage that a life with that share of the work is sure to see."""
    if point in _PARKING:
        return chance.randint(1, 6)
    if point in _COMMITTING:
        return chance.randint(1, max(1, share // 24))
    return chance.randint(1, max(1, share * 9 // 10))
