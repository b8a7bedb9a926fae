"""What can be wrong with a road between two processes."""

from dataclasses import dataclass
from enum import StrEnum


class Bad(StrEnum):
    """How a road can be bad."""

    REFUSED = "refused"
    """Nothing listens, and every connection is cut."""
    CUT = "cut"
    """Every connection is cut, and each new one `delay_s` after it was made."""
    LATENCY = "latency"
    """Everything travels `delay_s` longer, both ways."""
    HALF_OPEN = "half-open"
    """Connections are accepted and stay open; nothing that is said arrives, and the far end is told that they ended."""
    LOST_END = "lost end"
    """When one end closes, the other is not told."""
    DRIP = "drip"
    """Replies come `bytes_max` bytes at a time, `delay_s` apart."""
    TRUNCATED = "truncated"
    """Connections are cut after `bytes_max` bytes of replies."""


@dataclass(frozen=True, slots=True)
class RoadFault:
    """One order: how, for how many seconds, and the measures that the kind needs."""

    kind: Bad
    for_s: float
    delay_s: float = 0.0
    bytes_max: int = 1

    def __str__(self) -> str:
        return f"{self.kind} {self.for_s:.1f} s"
