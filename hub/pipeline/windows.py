"""When a platform is not to be called: maintenance by the week or by date, in Vietnamese time. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from hub.pipeline.catalogue import VIETNAM

_DAY = timedelta(days=1)
_AHEAD = timedelta(days=8)
"""A week and a day: every weekly window begins at least once in it."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """Closed on these weekdays (0 is Monday) from `begins` to `ends`; over midnight when it ends at or before that."""

    days: frozenset[int]
    begins: time
    ends: time


@dataclass(frozen=True, slots=True)
class Dated:
    """Closed once; both times are aware, and the end is outside."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Shutter:
    """Whether a platform is closed, and until when this is so; the answer may only be asked for again then."""

    closed: bool
    until: datetime


class Closures:
    """The windows of one platform; where several overlap or touch, they are one."""

    def __init__(self, weekly: Iterable[Weekly] = (), dated: Iterable[Dated] = ()) -> None:
        self._weekly = tuple(weekly)
        self._dated = tuple(dated)

    def at(self, now: datetime) -> Shutter:
        """Return whether nobody is to call at a moment, and up to when that can be told."""
        horizon = now + _AHEAD
        closed_to = now
        for begins, ends in sorted(self._spans(now)):
            if begins > closed_to:
                return Shutter(closed_to > now, closed_to if closed_to > now else min(begins, horizon))
            closed_to = max(closed_to, ends)
        return Shutter(closed=True, until=closed_to) if closed_to > now else Shutter(closed=False, until=horizon)

    def _spans(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Return what is closed at some time from `now` on, for a while ahead; in UTC."""
        first = now.astimezone(VIETNAM).date() - _DAY
        for number in range(_AHEAD // _DAY + 3):
            day = first + number * _DAY
            for window in self._weekly:
                if day.weekday() in window.days:
                    begins = datetime.combine(day, window.begins, VIETNAM)
                    last = day if window.ends > window.begins else day + _DAY
                    ends = datetime.combine(last, window.ends, VIETNAM)
                    if ends > now:
                        yield begins.astimezone(UTC), ends.astimezone(UTC)
        for once in self._dated:
            if once.ends > now:
                yield once.begins.astimezone(UTC), once.ends.astimezone(UTC)
