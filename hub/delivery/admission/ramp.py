"""How many calls may be under way while a platform comes back: few at first, twice as many with each good round."""

_FIRST = 2


class Ramp:
    """`allowed` calls at a time of those that began after `since_s` (monotonic seconds): others may hang for long."""

    def __init__(self, concurrency_max: int) -> None:
        self._max = concurrency_max
        self.allowed = concurrency_max
        self.since_s = 0.0

    @property
    def full(self) -> bool:
        """Whether all may call that there are."""
        return self.allowed == self._max

    def restart(self, now_s: float) -> None:
        """The platform is away, or has just come back."""
        self.allowed = min(_FIRST, self._max)
        self.since_s = now_s

    def succeeded(self) -> None:
        """A call got through: one more, so that a round of them doubles the number."""
        self.allowed = min(self.allowed + 1, self._max)

    def failed(self) -> None:
        """A call failed: half as many while it climbs; at its top, a failure says nothing of the number."""
        if self.allowed < self._max:
            self.allowed = max(self.allowed // 2, 1)
