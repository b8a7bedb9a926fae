"""What a platform always does wrong now and then, and how one sort of trouble reads as its faults."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from ops.sandbox.remote import Remote
from tests.chaos.trouble import Sort, Trouble


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault as the sandbox takes it: `probability` of each call, or so many calls."""

    kind: str
    probability: float | None = None
    count: int | None = None
    delay_s: float | None = None
    status: int | None = None
    acts: bool | None = None
    duration_s: float | None = None
    retry_after_s: int | None = None

    @property
    def bounds(self) -> dict[str, object]:
        """The fields that are given, save the kind."""
        return {name: value for name, value in asdict(self).items() if name != "kind" and value is not None}


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

LOOKUP_WEATHER = (
    Fault("drop_reply", 0.02),
    Fault("cut_before_acting", 0.02),
    Fault("truncate", 0.02),
    Fault("status", 0.02, status=500, acts=True),
    Fault("soap_fault", 0.02),
    Fault("delay", 0.05, delay_s=0.3),
)
"""Of the population database; lookups are few."""

FIREWALL = (Fault("stall", count=16, delay_s=2.5), Fault("html", count=3))


async def set_in(platform: Remote, seed: int, weather: Sequence[Fault] = WEATHER) -> None:
    """Let the weather begin; it lasts until the end of a run."""
    for number, fault in enumerate(weather):
        await platform.fault(fault.kind, seed=seed * 100 + number, **fault.bounds)


def faults(trouble: Trouble) -> tuple[Fault, ...]:
    """Return what a platform is told to do."""
    match trouble.sort:
        case Sort.REFUSED:
            return (Fault("status", status=503, acts=False, duration_s=trouble.for_s),)
        case Sort.LIMITED:
            return (Fault("status", status=429, acts=False, retry_after_s=1, duration_s=trouble.for_s),)
        case Sort.LOCKED_OUT:
            return (Fault("status", status=401, acts=False, duration_s=trouble.for_s),)
        case Sort.FIREWALL:
            return FIREWALL
        case Sort.SLOW:
            return (Fault("stall", count=trouble.size, delay_s=trouble.for_s),)
        case _:
            return ()
