"""Adds up a number per day over any span without walking it: whole weeks at once, and what differs by bisection."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import accumulate

_WEEK = 7


class DaySums:
    """A number per day, never below zero: that of its weekday (Monday first), or its own where one is given.

    Days are proleptic Gregorian ordinals, as `date.toordinal` gives them; the first of them is a Monday.
    """

    def __init__(self, week: Sequence[int], special: Mapping[int, int]) -> None:
        self._before_weekday = (0, *accumulate(week))
        self._ordinals = sorted(special)
        differences = (special[at] - week[(at - 1) % _WEEK] for at in self._ordinals)
        self._differences = (0, *accumulate(differences))

    def before(self, ordinal: int) -> int:
        """Return the sum of all days before this one."""
        weeks, weekday = divmod(ordinal - 1, _WEEK)
        regular = weeks * self._before_weekday[-1] + self._before_weekday[weekday]
        return regular + self._differences[bisect_left(self._ordinals, ordinal)]

    def find(self, total: int, days: range) -> int:
        """Return the first of the days with which the sum reaches a total. ValueError("range") when none does."""
        place = bisect_left(days, total, key=lambda ordinal: self.before(ordinal + 1))
        if place == len(days):
            raise ValueError("range")
        return days[place]
