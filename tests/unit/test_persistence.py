"""Whether a question is put again within one call, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Invalid, NotSent, Overloaded, PlatformFault, RefusedUs, ReplyLost, ReplyUnreadable
from hub.pipeline.decide import Backoff
from hub.pipeline.persistence import ONCE, Persistence, transient


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (NotSent("ClientConnectorError"), True),
        (ReplyLost("ServerDisconnectedError"), True),
        (NotSent("HTTP 503", retry_after_s=3600), True),
        (ReplyUnreadable("not XML"), False),
        (RefusedUs("HTTP 401"), False),
        (PlatformFault("SOAP fault", code="platform.refused"), False),
        (Invalid([]), False),
        (Overloaded("lookups"), False),
        (ValueError(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_what_passes_is_worth_another_try(fault: Exception, *, expected: bool) -> None:
    """Connections and lost replies pass; refusals, unreadable answers and the hub's own errors do not."""
    assert expected is transient(fault)


@given(tries=st.integers(1, 10), jitter=st.floats(0, 1, exclude_max=True))
def test_the_wait_is_any_time_below_a_ceiling_that_doubles(tries: int, jitter: float) -> None:
    """0.2, 0.4, 0.8, 1.6 and then 2 seconds at most, and a tenth of the first at least."""
    ceiling_s = {1: 0.2, 2: 0.4, 3: 0.8, 4: 1.6}.get(tries, 2.0)
    assert 0.02 <= Persistence().wait_s(NotSent(), tries, jitter) <= ceiling_s


def test_the_whole_width_is_used() -> None:
    """Who draws nearly nothing comes nearly at once, who draws nearly one comes last: a crowd spreads."""
    persistence = Persistence(backoff=Backoff(first_s=1.0, max_s=4.0))
    assert (0.1, 2.05, 4.0) == tuple(round(persistence.wait_s(None, 3, draw), 6) for draw in (0.0, 0.5, 1.0))


def test_a_platform_that_asks_for_a_while_gets_it() -> None:
    """Retry-After is a floor under the wait, and no ceiling."""
    busy = NotSent("HTTP 503", retry_after_s=1)
    assert 1.0 == Persistence().wait_s(busy, 1, 0.9)
    assert 1.8 == pytest.approx(Persistence().wait_s(busy, 5, 0.9), abs=0.05)


@pytest.mark.parametrize(
    ("tries", "wait_s", "left_s", "expected"),
    [(1, 0.2, 30.0, False), (2, 0.2, 30.0, False), (3, 0.2, 30.0, True), (1, 0.2, 0.6, True), (1, 3600.0, 30.0, True)],
)
def test_it_ends_with_the_tries_or_with_the_time(tries: int, wait_s: float, left_s: float, *, expected: bool) -> None:
    """Three tries by default; none is begun that would have less than half a second, and nobody waits past the end."""
    assert expected is Persistence().enough(tries, wait_s, left_s)


def test_one_try_switches_it_off() -> None:
    """However much time is left."""
    assert ONCE.enough(1, 0.0, 3600.0)
