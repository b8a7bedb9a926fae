"""What befalls a hub beside its kills: the kinds, and what is drawn for each."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.chaos.road_fault import Bad, RoadFault

DAY_S = 86_400
_JUMPS_S = (3_600, -3_600, DAY_S, -DAY_S)
_FOR_S = (1.5, 4.0)
_SEEN_S = 2.0
"""So long may a process overlook a new time."""


class Sort(StrEnum):
    """The part of the world that fails."""

    ROAD = "road"
    """Between the hub and the portal: `fault`."""
    REFUSED = "refused (503)"
    LIMITED = "too many calls (429)"
    LOCKED_OUT = "locked out (401)"
    EXPIRED = "sessions expired"
    FIREWALL = "firewall"
    """Some calls hang, with their effect done, and the next ones are refused by a page, which stops all others."""
    SLOW = "replies after 10 s"
    FROZEN = "frozen"
    FULL_DISK = "full disk"
    CLOCK = "clock"
    """The wall clock jumps by `size` seconds, and back."""
    STORE = "store fails"
    """`size` statements in a row, from the N-th on; as the hub starts with it, it is ordered then."""


OF_THE_PLATFORM = frozenset(
    {Sort.REFUSED, Sort.LIMITED, Sort.LOCKED_OUT, Sort.EXPIRED, Sort.FIREWALL, Sort.SLOW},
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that goes wrong, for so many seconds. `size` counts calls, seconds or statements, as the sort needs."""

    sort: Sort
    for_s: float
    size: int = 0
    fault: RoadFault | None = None

    def __str__(self) -> str:
        if self.fault is not None:
            return f"road {self.fault}"
        if self.sort is Sort.CLOCK:
            return f"clock {self.size / 3600:+.0f} h"
        return str(self.sort) if self.sort is Sort.STORE else f"{self.sort} {self.for_s:.1f} s"


SORTS: tuple[tuple[Sort, Bad | None], ...] = (
    *((Sort.ROAD, bad) for bad in Bad),
    *((sort, None) for sort in Sort if sort is not Sort.ROAD),
)
"""Every kind of trouble there is."""


def draw(chance: Random, sort: Sort, bad: Bad | None) -> Trouble:
    """Return a trouble of that kind."""
    for_s = chance.uniform(*_FOR_S)
    if bad is not None:
        return Trouble(sort, for_s, fault=road_fault(chance, bad, for_s))
    match sort:
        case Sort.CLOCK:
            return Trouble(sort, for_s + _SEEN_S, chance.choice(_JUMPS_S))
        case Sort.STORE:
            return Trouble(sort, for_s, chance.randint(1, 40))
        case Sort.SLOW:
            return Trouble(sort, 10.0, chance.randint(2, 8))
        case _:
            return Trouble(sort, for_s)


def road_fault(chance: Random, bad: Bad, for_s: float) -> RoadFault:
    """Return a fault of a road with its measures."""
    match bad:
        case Bad.CUT:
            return RoadFault(bad, for_s, delay_s=chance.uniform(0, 0.05))
        case Bad.LATENCY:
            # Below the time that a hub needs to come back (docs/adr/0005).
            return RoadFault(bad, for_s, delay_s=chance.uniform(0.05, 0.6))
        case Bad.DRIP:
            return RoadFault(bad, for_s, delay_s=chance.uniform(0.01, 0.1), bytes_max=chance.randint(8, 64))
        case Bad.TRUNCATED:
            return RoadFault(bad, for_s, bytes_max=chance.randint(1, 400))
        case _:
            return RoadFault(bad, for_s)
