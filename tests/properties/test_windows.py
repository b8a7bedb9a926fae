"""Maintenance windows against a plain look at the clock."""

from datetime import UTC, datetime, time, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from hub.pipeline.windows import Closures, Dated, Weekly

VIETNAM = timezone(timedelta(hours=7))
SECOND = timedelta(seconds=1)

clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))
weeklies = st.builds(Weekly, st.frozensets(st.integers(0, 6), min_size=1), clocks, clocks)
moments = st.integers(0, 60 * 86_400_000).map(lambda ms: datetime(2026, 11, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
dateds = st.builds(lambda begins, hours: Dated(begins, begins + timedelta(hours=hours)), moments, st.floats(0.1, 200))


def _closed(now: datetime, weekly: list[Weekly], dated: list[Dated]) -> bool:
    """Look at the clock in Vietnam, once for windows of today and once for those that began yesterday."""
    local = now.astimezone(VIETNAM)
    clock, today, yesterday = local.time(), local.weekday(), (local.weekday() - 1) % 7
    for window in weekly:
        over_midnight = window.ends <= window.begins
        if today in window.days and window.begins <= clock and (over_midnight or clock < window.ends):
            return True
        if yesterday in window.days and over_midnight and clock < window.ends:
            return True
    return any(once.begins <= now < once.ends for once in dated)


@given(moments, st.lists(weeklies, max_size=4), st.lists(dateds, max_size=4))
@example(datetime(2026, 11, 21, 17, 0, tzinfo=UTC), [Weekly(frozenset({5}), time(22), time(2))], [])
@example(datetime(2026, 11, 21, 19, 0, tzinfo=UTC), [Weekly(frozenset({5}), time(22), time(2))], [])
@example(datetime(2026, 11, 21, 17, 0, tzinfo=UTC), [Weekly(frozenset({6}), time(0), time(0))], [])
def test_closed_means_what_the_clock_on_the_wall_says(now: datetime, weekly: list[Weekly], dated: list[Dated]) -> None:
    """Over midnight, overlapping, touching, seen from any zone: closed exactly when one of the windows is."""
    closures = Closures(weekly, dated)
    assert _closed(now, weekly, dated) is closures.at(now).closed
    assert closures.at(now) == closures.at(now.astimezone(timezone(timedelta(hours=-11))))


@given(moments, st.lists(weeklies, max_size=3), st.lists(dateds, max_size=3), st.floats(0, 1))
def test_the_answer_holds_until_the_time_it_names(
    now: datetime, weekly: list[Weekly], dated: list[Dated], part: float
) -> None:
    """Nothing changes before; the time lies ahead, so that whoever asks again then gets on."""
    shutter = Closures(weekly, dated).at(now)
    assert now < shutter.until <= now + timedelta(days=25)
    between = now + (shutter.until - now - SECOND) * part if shutter.until - now > SECOND else now
    assert shutter.closed is _closed(between, weekly, dated)


def test_a_window_ends_with_its_last_second() -> None:
    """Saturday 22:00 to 02:00 in Vietnam: 15:00 to 19:00 UTC, the end outside."""
    closures = Closures([Weekly(frozenset({5}), time(22), time(2))])
    begins, ends = datetime(2026, 11, 21, 15, 0, tzinfo=UTC), datetime(2026, 11, 21, 19, 0, tzinfo=UTC)

    assert (False, begins) == (closures.at(begins - SECOND).closed, closures.at(begins - SECOND).until)
    assert (True, ends) == (closures.at(begins).closed, closures.at(begins).until)
    assert not closures.at(ends).closed


def test_windows_that_touch_are_one() -> None:
    """Nobody is let in for the moment between two of them."""
    first, second = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
    third = datetime(2026, 12, 3, tzinfo=UTC)
    assert third == Closures(dated=[Dated(second, third), Dated(first, second)]).at(first).until
