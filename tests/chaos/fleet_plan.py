"""What befalls the processes of a fleet, in which order: by seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.chaos.road_fault import Bad, RoadFault
from tests.chaos.trouble import OF_THE_PLATFORM, Sort, Trouble, draw, road_fault

SESSION_S = 6.0
"""Of the group of workers."""


class Kill(StrEnum):
    """A process that is killed with SIGKILL."""

    WORKER = "worker"
    API = "api"
    BROKER = "broker"


class Beside(StrEnum):
    """What happens beside a kill, at the same time."""

    PLATFORM = "portal"
    """`trouble`."""
    PORTAL_ROAD = "road to the portal"
    BROKER_ROAD = "road to the broker"
    STORE_ROAD = "road to the store"
    """`fault`."""
    FREEZE_WORKER = "worker frozen beyond its session"
    FREEZE_API = "api frozen"
    ROLL_WORKER = "worker rolled"
    ROLL_API = "api rolled"
    JOIN = "a third worker joins and leaves"
    BROKER_AWAY = "broker stopped and started"
    STORE_KILLED = "store killed"
    CLOCK = "the second machine: api-2 and worker-2"


@dataclass(frozen=True, slots=True)
class Company:
    """One thing beside a kill; `for_s` and `member` where they mean something."""

    beside: Beside
    for_s: float = 0.0
    member: int = 1
    trouble: Trouble | None = None
    fault: RoadFault | None = None

    def __str__(self) -> str:
        if self.fault is not None:
            return f"{self.beside} {self.fault}"
        return f"{self.beside}: {self.trouble}" if self.trouble is not None else str(self.beside)


@dataclass(frozen=True, slots=True)
class Blow:
    """One kill, `after_s` the one before, of the member of that number (1 or 2), and its company.

    An early one may strike a process that is still starting; the others wait until it works.
    """

    kill: Kill
    member: int
    after_s: float
    early: bool
    company: Company | None

    def __str__(self) -> str:
        who = f"{self.kill}-{self.member}" if self.kill is not Kill.BROKER else "broker"
        return f"+{self.after_s:.1f} s {who}" + (f" ({self.company})" if self.company else "")


_KILLS = (Kill.WORKER, Kill.API, Kill.BROKER)
_WEIGHTS = (6, 3, 1)
_ROADS = (Beside.PORTAL_ROAD, Beside.BROKER_ROAD, Beside.STORE_ROAD)
_GAP_S = (0.5, 4.0)
_EARLY = 0.25
_FREEZE_S = 4.0
"""Beyond the session."""
_AWAY_S = (2.0, 12.0)


def blows(seed: int, kills: int) -> Sequence[Blow]:
    """Return that many kills: of each kind one, where there is room; two in three have company."""
    chance = Random(f"fleet:{seed}")
    kinds = [*_KILLS, *chance.choices(_KILLS, _WEIGHTS, k=max(0, kills - len(_KILLS)))][:kills]
    chance.shuffle(kinds)
    company = _company(chance)
    return [
        Blow(
            kind,
            chance.randint(1, 2),
            chance.uniform(*_GAP_S),
            chance.random() < _EARLY,
            None if at % 3 == 2 else next(company),
        )
        for at, kind in enumerate(kinds)
    ]


def _company(chance: Random) -> Iterator[Company]:
    """Yield for ever: every kind once, then every kind again."""
    while True:
        for beside in chance.sample(list(Beside), len(Beside)):
            yield _drawn(chance, beside)


def _drawn(chance: Random, beside: Beside) -> Company:
    for_s, member = chance.uniform(2.0, 6.0), chance.randint(1, 2)
    if beside in _ROADS:
        return Company(beside, for_s, fault=road_fault(chance, chance.choice(list(Bad)), for_s))
    match beside:
        case Beside.PLATFORM:
            return Company(beside, trouble=draw(chance, chance.choice(sorted(OF_THE_PLATFORM)), None))
        case Beside.FREEZE_WORKER:
            return Company(beside, SESSION_S + _FREEZE_S, member)
        case Beside.BROKER_AWAY:
            return Company(beside, chance.uniform(*_AWAY_S))
        case Beside.CLOCK:
            return Company(beside, trouble=draw(chance, Sort.CLOCK, None))
        case _:
            return Company(beside, for_s, member)
