"""Faults on command: what shall go wrong, for which calls, how often and how long."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ops.sandbox.exchange import Reply

WIRE_KINDS: Mapping[str, str] = {
    "down": "the port is closed and every connection is cut; it opens again after duration_s",
    "drop_reply": "acts, then cuts the connection without a byte of reply",
    "cut_before_acting": "cuts the connection without acting",
    "delay": "waits delay_s, then acts, even if the client has gone meanwhile",
    "stall": "acts (unless acts is false), then holds the reply back for delay_s (60)",
    "status": "answers with an HTTP status (503); acts before only when acts is true",
    "html": "answers 200 with the page of a firewall, without acting",
    "truncate": "acts, then sends half of the reply and hangs up",
}
"""Faults of the road, which every sandbox knows."""

_STALL_S = 60.0


class Fault(BaseModel):
    """One order to misbehave. Bounds that are not given do not bind; several bounds bind together.

    `count`: calls hit. `duration_s`: seconds from now. `probability`: share of the matching calls. `service`, `key`:
    only calls of that service, or about that dossier or request. `skip`: matching calls let through first.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    kind: str
    service: str | None = None
    key: str | None = None
    count: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    duration_s: Annotated[float, Field(gt=0, le=86_400)] | None = None
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    skip: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    seed: int | None = None
    delay_s: Annotated[float, Field(ge=0, le=3_600)] | None = None
    status: Annotated[int, Field(ge=400, le=599)] = 503
    retry_after_s: Annotated[int, Field(ge=0, le=86_400)] | None = None
    acts: bool | None = None

    @property
    def hold_s(self) -> float:
        """Seconds to wait."""
        if self.delay_s is not None:
            return self.delay_s
        return _STALL_S if self.kind == "stall" else 1.0


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a platform understood it. `about` names its dossiers, `size` counts its items."""

    service: str
    act: Callable[[Fault | None], Reply]
    about: Callable[[], tuple[str, ...]] = tuple
    size: int = 1


Twist = Callable[[Call], bool]
"""Whether a platform's own fault can strike a call."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What strikes one call."""

    delay_s: float = 0.0
    fault: Fault | None = None


NOTHING = Drawn()


@dataclass(slots=True)
class _Active:
    """A fault with what is left of it."""

    id: int
    fault: Fault
    chance: random.Random
    ends_at: float | None
    passed: int = 0
    struck: int = 0

    def strikes(self, call: Call) -> bool:
        """Whether it strikes the call; counts it if so."""
        fault = self.fault
        if fault.service is not None and fault.service != call.service:
            return False
        if fault.key is not None and fault.key not in call.about():
            return False
        if self.passed < fault.skip:
            self.passed += 1
            return False
        if fault.probability < 1.0 and self.chance.random() >= fault.probability:
            return False
        self.struck += 1
        return True

    def spent(self, now_s: float) -> bool:
        """Whether nothing is left of it."""
        if self.fault.count is not None and self.struck >= self.fault.count:
            return True
        return self.ends_at is not None and now_s >= self.ends_at


class UnknownFault(Exception):
    """No fault of that kind or number."""


@dataclass(slots=True)
class FaultPlan:
    """The faults in force. Delays add up; of all others the first that strikes wins."""

    twists: Mapping[str, Twist]
    seed: int
    monotonic: Callable[[], float]
    _active: list[_Active] = field(default_factory=list)
    _last_id: int = 0

    def add(self, fault: Fault) -> int:
        """Put a fault in force and return its number. Error: UnknownFault."""
        if fault.kind not in WIRE_KINDS and fault.kind not in self.twists:
            raise UnknownFault(", ".join(sorted({*WIRE_KINDS, *self.twists})))
        self._last_id += 1
        seed = fault.seed if fault.seed is not None else f"{self.seed}:{self._last_id}"
        ends_at = None if fault.duration_s is None else self.monotonic() + fault.duration_s
        self._active.append(_Active(self._last_id, fault, random.Random(seed), ends_at))
        return self._last_id

    def remove(self, fault_id: int) -> None:
        """Take one fault out of force. Error: UnknownFault."""
        kept = [active for active in self._active if active.id != fault_id]
        if len(kept) == len(self._active):
            raise UnknownFault(str(fault_id))
        self._active = kept

    def clear(self) -> None:
        """Take all faults out of force."""
        self._active = []

    def draw(self, call: Call) -> Drawn:
        """Say what strikes a call."""
        if not self._active:
            return NOTHING
        self._forget_spent()
        delay_s = 0.0
        chosen: Fault | None = None
        for active in self._active:
            kind = active.fault.kind
            if kind == "down" or (kind != "delay" and chosen is not None):
                continue
            if (twist := self.twists.get(kind)) is not None and not twist(call):
                continue
            if not active.strikes(call):
                continue
            if kind == "delay":
                delay_s += active.fault.hold_s
            else:
                chosen = active.fault
        return Drawn(delay_s, chosen)

    def listing(self) -> list[dict[str, object]]:
        """Return the faults in force with how often each struck."""
        self._forget_spent()
        return [
            {"id": active.id, "struck": active.struck, **active.fault.model_dump(exclude_none=True)}
            for active in self._active
        ]

    def _forget_spent(self) -> None:
        now_s = self.monotonic()
        self._active = [active for active in self._active if not active.spent(now_s)]
