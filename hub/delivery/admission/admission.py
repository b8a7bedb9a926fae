"""Whether a platform may be called right now: its circuit, its windows, its quota, and how far it has come back."""

from hub.delivery.admission.quota import Quota
from hub.delivery.admission.ramp import Ramp
from hub.pipeline.circuit import Circuit
from hub.pipeline.windows import Closures, Shutter
from hub.ports import Clock


class Admission:
    """Asked before each call. Nothing of it looks like a failure, save an open circuit."""

    def __init__(self, clock: Clock, circuit: Circuit, ramp: Ramp, quota: Quota, closures: Closures) -> None:
        self._clock = clock
        self._closures = closures
        self._shutter: Shutter | None = None
        self.circuit = circuit
        self.ramp = ramp
        self.quota = quota
        self.was_closed = False

    @property
    def closed(self) -> bool:
        """Whether a maintenance window keeps everybody from calling."""
        now = self._clock.now()
        if self._shutter is None or now >= self._shutter.until:
            self._shutter = self._closures.at(now)
        return self._shutter.closed

    def restart(self) -> None:
        """Whatever waits is to go slowly at first."""
        self.ramp.restart(self._clock.monotonic())

    @property
    def free(self) -> bool:
        """Whether a call may go without waiting for anything of the platform's."""
        return self.circuit.closed and not self.closed and not self.quota.spent

    def room(self, under_way: int, about_to: int) -> int:
        """Return how many calls may begin besides those under way and those about to; an open circuit has no room."""
        if not self.circuit.closed or self.closed:
            return 0
        room, left = self.ramp.allowed - under_way, self.quota.left
        return (room if left is None else min(room, left)) - about_to

    def probe_due(self, *, fresh: bool) -> bool:
        """Whether one call may find out if the platform is back."""
        return not self.closed and not self.quota.spent and self.circuit.due(self._clock.monotonic(), fresh=fresh)

    def admits(self, partition: int, under_way: int, *, fresh: bool) -> bool:
        """Whether a call may begin; it counts from here on. In an open circuit the asker may become the probe."""
        if self.closed or self.quota.spent or (self.circuit.closed and under_way >= self.ramp.allowed):
            return False
        if not self.circuit.admits(self._clock.monotonic(), fresh=fresh):
            return False
        self.quota.charge(partition, 1)
        return True

    def now_s(self) -> float:
        """Return the monotonic time."""
        return self._clock.monotonic()

    def not_made(self, partition: int) -> None:
        """A call that was admitted is not made."""
        self.circuit.abandoned()
        self.quota.charge(partition, -1)
