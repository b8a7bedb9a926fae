"""The circuit of a platform: after repeated failure nobody calls, save one probe at a time."""

from enum import StrEnum


class CircuitState(StrEnum):
    """Closed: everybody may call. Open: nobody. Probing: one call is out."""

    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Circuit:
    """Opens after `failures_max` failures in a row, or at once when the platform refuses the hub itself.

    Times are monotonic seconds and come from the caller. Each failed probe doubles the wait up to `open_max_s`.
    A lane is fresh unless its last try failed. Fewer than `failures_max` lanes may be at fault themselves: until as
    many have failed, a fresh one waits `open_s` only, however long the others have to. A platform that asked to be left
    alone is left alone: until then nobody probes, and calls that were under way close nothing.
    """

    def __init__(self, failures_max: int = 5, open_s: float = 1.0, open_max_s: float = 30.0) -> None:
        self._failures_max = failures_max
        self._open_s = open_s
        self._open_max_s = open_max_s
        self._failures = 0
        self._lanes = 0
        self._wait_s = open_s
        self._failed_s = 0.0
        self._quiet_until_s = 0.0
        self.state = CircuitState.CLOSED
        self.openings = 0

    @property
    def closed(self) -> bool:
        """Whether everybody may call."""
        return self.state is CircuitState.CLOSED

    def due(self, now_s: float, *, fresh: bool = False) -> bool:
        """Whether the circuit is open and a probe may go."""
        wait_s = self._open_s if fresh and self._lanes < self._failures_max else self._wait_s
        return self.state is CircuitState.OPEN and now_s >= max(self._failed_s + wait_s, self._quiet_until_s)

    def admits(self, now_s: float, *, fresh: bool = False) -> bool:
        """Whether a call may go. In an open circuit whose wait is over, the asker becomes the probe."""
        if self.state is CircuitState.CLOSED:
            return True
        if self.due(now_s, fresh=fresh):
            self.state = CircuitState.PROBING
            return True
        return False

    def succeeded(self, now_s: float) -> bool:
        """A call got through. Return whether this closed the circuit."""
        closed = self.state is not CircuitState.CLOSED
        if closed and now_s < self._quiet_until_s:
            return False
        self.state = CircuitState.CLOSED
        self._failures = self._lanes = 0
        self._wait_s = self._open_s
        return closed

    def failed(self, now_s: float, *, fresh: bool = False, refused_us: bool = False) -> bool:
        """A call did not get through. Return whether this opened a closed circuit.

        A lane that is refused again and again while others get through is at fault itself.
        """
        at_once = fresh and refused_us
        self._failures += 1
        self._lanes = self._failures_max if at_once else self._lanes + fresh
        was_closed = self.state is CircuitState.CLOSED
        if was_closed and not at_once and self._failures < self._failures_max:
            return False
        if self.state is CircuitState.PROBING:
            self._wait_s = min(self._wait_s * 2, self._open_max_s)
        self.state = CircuitState.OPEN
        self._failed_s = now_s
        self.openings += was_closed
        return was_closed

    def quiet(self, now_s: float, wait_s: float) -> bool:
        """The platform asked to be left alone for a while. Return whether this opened a closed circuit."""
        was_closed = self.state is CircuitState.CLOSED
        self.state = CircuitState.OPEN
        self._failed_s = now_s
        self._quiet_until_s = max(self._quiet_until_s, now_s + wait_s)
        self.openings += was_closed
        return was_closed

    def abandoned(self) -> None:
        """A probe ended without a result; the next asker may probe."""
        if self.state is CircuitState.PROBING:
            self.state = CircuitState.OPEN
