"""The seeded plan of a run: how each life of the hub ends, and what the portal does meanwhile."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random

from tests.chaos.crash import Crash, Point

_PARKING = frozenset({Point.PARK_BEFORE, Point.PARK_AFTER, Point.SETTLE_BEFORE, Point.SETTLE_AFTER})
_COMMITTING = frozenset({Point.COMMIT_BEFORE, Point.COMMIT_AFTER})
_STARTING_S = (0.3, 2.5)
_STARTING = 0.4
"""Of the kills from outside, how many come during the start."""
_SLOW = 0.5
"""Of the lives, how many have a slow disk."""
_OUTAGES = 0.2
"""Of the lives that need no outage to park anything, how many see one."""
_FIREWALLS = 0.6
"""Of the kills from outside that come later, how many come while a firewall refuses the hub."""
_RIPE_S = (0.2, 1.0)


@dataclass(frozen=True, slots=True)
class Life:
    """One life: it ends at `crash`; without one from outside, `outside_s` after its start or after `ripe`.

    A life is ripe when that part of its share was sent. Then the portal goes down for `outage_s` (0: not at all), or
    with `firewall` refuses the hub while it holds back the replies to earlier calls. `slow` is the seed of a slow disk.
    """

    crash: Crash | None
    outside_s: float = 0.0
    starting: bool = False
    ripe: float = 0.0
    outage_s: float = 0.0
    firewall: bool = False
    slow: int | None = None

    def __str__(self) -> str:
        if self.crash:
            return str(self.crash)
        return f"outside, {self.outside_s:.2f} s after {'the start' if self.starting else f'{self.ripe:.0%}'}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as the sandbox takes it: `probability` of each call, or so many calls."""

    kind: str
    probability: float | None = None
    count: int | None = None
    delay_s: float | None = None
    status: int | None = None
    acts: bool | None = None

    @property
    def bounds(self) -> dict[str, object]:
        """The fields that are given, save the kind."""
        return {name: value for name, value in asdict(self).items() if name != "kind" and value is not None}


FIREWALL = (Fault("stall", count=16, delay_s=2.5), Fault("html", count=3))
"""Some calls hang, with their effect done, and the next ones are refused, which stops all further calls."""

WEATHER = (
    Fault("drop_reply", 0.004),
    Fault("cut_before_acting", 0.003),
    Fault("truncate", 0.002),
    Fault("status", 0.002, status=500, acts=True),
    Fault("delay", 0.02, delay_s=0.15),
    Fault("stall", 0.003, delay_s=1.3),
)
"""Delays stay below the time that a hub needs to come back: a platform that acts on the call of a dead hub after its
successor has asked about it cannot be told from one that never got the call."""


def plan(seed: int, kills: int, share: int) -> Sequence[Life]:
    """Return the lives that end by a kill. `share` is how many states the sender may send in each."""
    chance = Random(f"{seed}:plan")
    points: list[Point | None] = [None] * max(0, kills - len(Point))
    while len(points) < kills:
        points += chance.sample(list(Point), min(len(Point), kills - len(points)))
    chance.shuffle(points)
    return [_life(chance, point, share) for point in points]


def _life(chance: Random, point: Point | None, share: int) -> Life:
    slow = chance.randrange(2**16) if chance.random() < _SLOW else None
    if point is None and chance.random() < _STARTING:
        return Life(None, chance.uniform(*_STARTING_S), starting=True, slow=slow)
    ripe = chance.uniform(0.1, 0.9)
    if point is None:
        return Life(None, chance.uniform(*_RIPE_S), ripe=ripe, firewall=chance.random() < _FIREWALLS, slow=slow)
    outage_s = chance.uniform(0.8, 2.0) if point in _PARKING or chance.random() < _OUTAGES else 0.0
    return Life(Crash(point, _passage(chance, point, share)), ripe=ripe, outage_s=outage_s, slow=slow)


def _passage(chance: Random, point: Point, share: int) -> int:
    """Return a passage that a life with that share of the work is sure to see."""
    if point in _PARKING:
        return chance.randint(1, 6)
    if point in _COMMITTING:
        return chance.randint(1, max(1, share // 24))
    return chance.randint(1, max(1, share * 9 // 10))
