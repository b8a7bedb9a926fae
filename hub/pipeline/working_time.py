"""Reckons in Vietnamese working time: hours with a lunch break, weekends, holidays, days that changed places. Pure.

Aware times come in with any offset and go out in UTC; days and hours are those of Asia/Ho_Chi_Minh. Every answer is
exact to the microsecond and costs a few searches in a sorted list, however far away it lies. ValueError("offset") for
a time without an offset, ValueError("range") for a budget below zero and for what leaves the years 2000 to 2100:
nothing is answered with an invented date.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate

from hub.pipeline.catalogue import VIETNAM
from hub.pipeline.day_sums import DaySums
from schemas.calendar import Calendar, Session
from schemas.moment import YEARS

_TICK = timedelta(microseconds=1)
_NO_TIME = timedelta()
_DAY_TICKS = timedelta(days=1) // _TICK
_FIRST = date(YEARS.start, 1, 1).toordinal()
_LAST = date(YEARS.stop - 1, 12, 31).toordinal()


@dataclass(frozen=True, slots=True)
class Budget:
    """What a procedure has time for: working days, then working hours. Nothing of both means: on the same day."""

    days: int = 0
    hours: timedelta = _NO_TIME

    def __post_init__(self) -> None:
        if self.days < 0 or self.hours < _NO_TIME:
            raise ValueError("range")


class WorkingTime:
    """A calendar that can be reckoned with. A session begins at its opening, and its closing is outside of it."""

    def __init__(self, calendar: Calendar) -> None:
        week = [_Hours(sessions) for sessions in calendar.hours.days]
        special = {holiday.day.toordinal(): _REST for holiday in calendar.holidays}
        for swap in calendar.swaps:
            special[swap.off.toordinal()] = _REST
            special[swap.worked.toordinal()] = week[swap.off.weekday()]
        self._week = week
        self._special = special
        self._worked = DaySums([day.ticks for day in week], {at: day.ticks for at, day in special.items()})
        self._days = DaySums([bool(day.ticks) for day in week], {at: bool(day.ticks) for at, day in special.items()})
        self._cutoff = calendar.cutoff_time
        self._cutoffs = {entry.procedure: entry.cutoff_time for entry in calendar.procedure_cutoffs}
        self._decided_to = calendar.decided_to.toordinal()

    def is_working(self, moment: datetime) -> bool:
        """Whether somebody works at that moment; not any more at the minute of closing."""
        ordinal, tick = _place(moment)
        return self._hours(ordinal).open_at(tick)

    def is_decided(self, moment: datetime) -> bool:
        """Whether all holidays up to that moment have been announced."""
        return _place(moment)[0] <= self._decided_to

    def next_working(self, moment: datetime) -> datetime:
        """Return the moment itself when somebody works then, or the next opening."""
        return self._at(self._total(moment) + 1) - _TICK

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Return the working time from `start` to `end`; below zero when `end` lies before."""
        return (self._total(end) - self._total(start)) * _TICK

    def after_hours(self, moment: datetime, hours: timedelta) -> datetime:
        """Return when that much working time has passed. Time used up at closing ends there, not at the next opening.

        No time at all: the next working moment.
        """
        if hours < _NO_TIME:
            raise ValueError("range")
        return self._at(self._total(moment) + hours // _TICK) if hours else self.next_working(moment)

    def after_days(self, moment: datetime, days: int) -> datetime:
        """Return the same time of day that many working days later; the day it starts from is not counted.

        A start outside hours is first moved to the next opening. Where the last day has other hours, its next opening
        or its closing is returned.
        """
        if days < 0:
            raise ValueError("range")
        ordinal, tick = _place(self.next_working(moment))
        last = self._days.find(self._days.before(ordinal + 1) + days, range(ordinal, _LAST + 1))
        return _moment(last, self._hours(last).settle(tick))

    def term(self, since: datetime, days: int) -> datetime:
        """Return the end of a term in calendar days: midnight of its last day, or of the next working day.

        The day of the event is not counted (Bộ luật Dân sự 91/2015/QH13, Điều 147 and 148).
        """
        if days < 0:
            raise ValueError("range")
        last = _place(since)[0] + days
        last = self._days.find(self._days.before(last) + 1, range(last, _LAST + 1))
        return _moment(last, _DAY_TICKS)

    def counted_from(self, received_at: datetime, procedure: str = "") -> datetime:
        """Return when the time of a dossier begins: at the cut-off it is in time, after it the next working day's."""
        ordinal, tick = _place(received_at)
        cutoff = self._cutoffs.get(procedure, self._cutoff)
        if cutoff is not None and tick > _ticks(cutoff):
            return self.next_working(_moment(ordinal, _DAY_TICKS))
        return self.next_working(received_at)

    def deadline(self, received_at: datetime, budget: Budget, procedure: str = "") -> datetime:
        """Return when a dossier is due; on the same day means at closing."""
        start = self.counted_from(received_at, procedure)
        if budget == _SAME_DAY:
            ordinal = _place(start)[0]
            return _moment(ordinal, self._hours(ordinal).closing)
        due_at = self.after_days(start, budget.days) if budget.days else start
        return self.after_hours(due_at, budget.hours) if budget.hours else due_at

    def step_deadlines(
        self, received_at: datetime, hours: Iterable[timedelta], procedure: str = ""
    ) -> tuple[datetime, ...]:
        """Return when each of the steps is due, one after the other."""
        start = self.counted_from(received_at, procedure)
        return tuple(self.after_hours(start, passed) for passed in accumulate(hours))

    def _hours(self, ordinal: int) -> "_Hours":
        return self._special.get(ordinal) or self._week[(ordinal - 1) % 7]

    def _total(self, moment: datetime) -> int:
        """Return the working time that lies before a moment, in ticks."""
        ordinal, tick = _place(moment)
        return self._worked.before(ordinal) + self._hours(ordinal).before(tick)

    def _at(self, total: int) -> datetime:
        """Return the first moment before which so much working time lies."""
        ordinal = self._worked.find(total, range(_FIRST, _LAST + 1))
        return _moment(ordinal, self._hours(ordinal).reached(total - self._worked.before(ordinal)))


class _Hours:
    """The sessions of one day, in ticks since midnight."""

    __slots__ = ("_sessions", "ticks")

    def __init__(self, sessions: Sequence[Session]) -> None:
        self._sessions = tuple((_ticks(session.opens), _ticks(session.closes)) for session in sessions)
        self.ticks = sum(closes - opens for opens, closes in self._sessions)

    @property
    def closing(self) -> int:
        """When the last session of a working day is over."""
        return self._sessions[-1][1]

    def open_at(self, tick: int) -> bool:
        """Whether a session is under way."""
        return any(opens <= tick < closes for opens, closes in self._sessions)

    def before(self, tick: int) -> int:
        """Return the working time of the day that lies before a tick."""
        return sum(min(tick, closes) - opens for opens, closes in self._sessions if opens < tick)

    def reached(self, worked: int) -> int:
        """Return the tick at which so much of the day is worked; it is more than nothing, and not more than all."""
        for opens, closes in self._sessions:
            if worked <= closes - opens:
                return opens + worked
            worked -= closes - opens
        raise ValueError("range")

    def settle(self, tick: int) -> int:
        """Return the tick itself within a session, else the next opening of the day, or its closing."""
        for opens, closes in self._sessions:
            if tick <= closes:
                return max(tick, opens)
        return self.closing


_REST = _Hours(())
_SAME_DAY = Budget()


def _ticks(clock: time) -> int:
    return (clock.hour * 60 + clock.minute) * 60_000_000


def _place(moment: datetime) -> tuple[int, int]:
    """Return a moment as the ordinal of its day in Vietnam and the ticks since midnight."""
    if moment.tzinfo is None:
        raise ValueError("offset")
    if moment.year not in YEARS:
        raise ValueError("range")
    local = moment.astimezone(VIETNAM)
    seconds = (local.hour * 60 + local.minute) * 60 + local.second
    return local.toordinal(), seconds * 1_000_000 + local.microsecond


def _moment(ordinal: int, tick: int) -> datetime:
    return (datetime.combine(date.fromordinal(ordinal), time(), VIETNAM) + tick * _TICK).astimezone(UTC)
