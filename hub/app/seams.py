"""Where something else may stand in for a part of the hub: the clock, the log, the parking place, the wire."""

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from hub.clock import SystemClock
from hub.ports import Clock, Log, Parking


def _same_log(log: Log) -> Log:
    return log


def _same_parking(parking: Parking) -> Parking:
    return parking


def _own_transport(_platform: str) -> httpx.AsyncBaseTransport | None:
    return None


@dataclass(frozen=True, slots=True)
class Seams:
    """Each takes the real part and returns what is used. `transport` is asked per platform; None is the real one."""

    clock: Clock = field(default_factory=SystemClock)
    log: Callable[[Log], Log] = _same_log
    parking: Callable[[Parking], Parking] = _same_parking
    transport: Callable[[str], httpx.AsyncBaseTransport | None] = _own_transport
