"""The quota of one platform in this process."""

from collections.abc import Callable
from datetime import date

from hub.pipeline.catalogue import VIETNAM
from hub.pipeline.quota import Bucket, DayBudget
from hub.ports import Clock


class Quota:
    """Where neither a rate nor a number per day is set, everything may go. `fraction` is asked each time."""

    def __init__(
        self, clock: Clock, bucket: Bucket | None, day: DayBudget | None, fraction: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._bucket = bucket
        self._day = day
        self._fraction = fraction

    @property
    def left(self) -> int | None:
        """How many calls may go at this moment; None: as many as one likes."""
        lefts = []
        if self._bucket is not None:
            lefts.append(self._bucket.left(self._clock.monotonic(), self._fraction()))
        if self._day is not None:
            lefts.append(self._day.left(self._today(), self._fraction()))
        return min(lefts) if lefts else None

    @property
    def spent(self) -> bool:
        """Whether no call may go at this moment."""
        return self.left == 0

    @property
    def wait_s(self) -> float:
        """In how many seconds the rate lets the next call go; a day that is used up is not waited for here."""
        return self._bucket.wait_s(self._clock.monotonic(), self._fraction()) if self._bucket is not None else 0.0

    def charge(self, partition: int, calls: int) -> None:
        """Note calls, or give some back."""
        if self._bucket is not None:
            self._bucket.charge(calls)
        if self._day is not None:
            self._day.charge(self._today(), partition, calls)

    def learn(self, partition: int, calls: int) -> None:
        """Note what was called today for a partition that is taken over."""
        if self._day is not None:
            self._day.learn(self._today(), partition, calls)

    def forget(self, partition: int) -> None:
        """The partition is somebody else's."""
        if self._day is not None:
            self._day.forget(partition)

    def _today(self) -> date:
        return self._clock.now().astimezone(VIETNAM).date()
