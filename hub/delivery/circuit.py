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
    """

    def __init__(self, failures_max: int = 5, open_s: float = 1.0, open_max_s: float = 30.0) -> None:
        self._failures_max = failures_max
        self._open_s = open_s
        self._open_max_s = open_max_s
        self._failures = 0
        self._wait_s = open_s
        self._probe_at_s = 0.0
        self.state = CircuitState.CLOSED

    def due(self, now_s: float) -> bool:
        """Whether the circuit is open and a probe may go."""
        return self.state is CircuitState.OPEN and now_s >= self._probe_at_s

    def admits(self, now_s: float) -> bool:
        """Whether a call may go. In an open circuit whose wait is over, the asker becomes the probe."""
        if self.state is CircuitState.CLOSED:
            return True
        if self.due(now_s):
            self.state = CircuitState.PROBING
            return True
        return False

    def succeeded(self) -> bool:
        """A call got through. Return whether this closed the circuit."""
        closed = self.state is not CircuitState.CLOSED
        self.state = CircuitState.CLOSED
        self._failures = 0
        self._wait_s = self._open_s
        return closed

    def failed(self, now_s: float, *, at_once: bool = False) -> bool:
        """A call did not get through. Return whether this opened a closed circuit."""
        self._failures += 1
        was_closed = self.state is CircuitState.CLOSED
        if was_closed and not at_once and self._failures < self._failures_max:
            return False
        if self.state is CircuitState.PROBING:
            self._wait_s = min(self._wait_s * 2, self._open_max_s)
        self.state = CircuitState.OPEN
        self._probe_at_s = now_s + self._wait_s
        return was_closed

    def abandoned(self, now_s: float) -> None:
        """A probe ended without a result (the task was cancelled); the next asker may probe."""
        if self.state is CircuitState.PROBING:
            self.state = CircuitState.OPEN
            self._probe_at_s = now_s
