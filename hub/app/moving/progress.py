"""How far a move is, told to whoever watches, every few seconds."""

from collections.abc import Callable

from hub.ports import Clock

_TELL_EVERY_S = 2.0


class Progress:
    """Counts what is known to be at the target, and says so; `total` 0 when nobody counted it before."""

    def __init__(self, what: str, total: int, say: Callable[[str], None], clock: Clock) -> None:
        self._what = what
        self._total = total
        self._say = say
        self._clock = clock
        self._count = 0
        self._told_s = clock.monotonic()

    def add(self, count: int) -> None:
        """Count so many more."""
        self._count += count
        if self._clock.monotonic() - self._told_s >= _TELL_EVERY_S:
            self._told_s = self._clock.monotonic()
            self.tell()

    def tell(self) -> None:
        """Say how many there are."""
        self._say(
            f"{self._what}: {self._count:,} of {self._total:,}" if self._total else f"{self._what}: {self._count:,}"
        )
