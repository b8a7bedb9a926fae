"""How often a platform may be called: a rate with a burst, and so many calls a day. No I/O.

Times are monotonic seconds and days are those of Asia/Ho_Chi_Minh; both come from the caller. `fraction` is the part of
a quota that this process may use: where several share one, each takes the part that its partitions are of all.
"""

from collections import Counter
from datetime import date
from math import floor


class Bucket:
    """`per_s` calls a second on average, `burst` at once; debts are paid back before the next call.

    It begins with one call: who restarts again and again gets no burst each time.
    """

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._tokens = 1.0
        self._filled_s: float | None = None

    def left(self, now_s: float, fraction: float = 1.0) -> int:
        """Return how many calls may go at this moment."""
        since_s = now_s if self._filled_s is None else self._filled_s
        most = max(1.0, self._burst * fraction)
        self._tokens = min(most, self._tokens + max(0.0, now_s - since_s) * self._per_s * fraction)
        self._filled_s = now_s
        return max(0, floor(self._tokens + 1e-9))

    def wait_s(self, now_s: float, fraction: float = 1.0) -> float:
        """Return in how many seconds the next call may go."""
        if self.left(now_s, fraction):
            return 0.0
        return (1.0 - self._tokens) / (self._per_s * fraction) if fraction else float("inf")

    def charge(self, calls: int) -> None:
        """Note calls, or give some back."""
        self._tokens -= calls


class DayBudget:
    """`per_day` calls on one day, counted per partition, for a count goes where its partition goes."""

    def __init__(self, per_day: int) -> None:
        self._per_day = per_day
        self._day = date.min
        self._calls: Counter[int] = Counter()

    def left(self, day: date, fraction: float = 1.0) -> int:
        """Return how many calls may go on that day."""
        self._turn(day)
        return max(0, floor(self._per_day * fraction + 1e-9) - self._calls.total())

    def charge(self, day: date, partition: int, calls: int) -> None:
        """Note calls, or give some back."""
        self._turn(day)
        self._calls[partition] += calls

    def learn(self, day: date, partition: int, calls: int) -> None:
        """Note what an earlier owner of a partition called on that day."""
        self._turn(day)
        self._calls[partition] = calls

    def forget(self, partition: int) -> None:
        """The partition is somebody else's, and so are its calls."""
        self._calls.pop(partition, None)

    def _turn(self, day: date) -> None:
        # A clock that goes back must not give yesterday's calls anew.
        if day > self._day:
            self._day = day
            self._calls.clear()
