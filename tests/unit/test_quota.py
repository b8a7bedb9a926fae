"""Rates, bursts and days."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.pipeline.quota import Bucket, DayBudget

TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)


def test_a_bucket_begins_with_one_call_and_fills_to_its_burst() -> None:
    """Two a second, three at once: one now, the burst after a second and a half, and no more ever."""
    bucket = Bucket(2.0, 3)
    assert 1 == bucket.left(100.0)
    assert 3 == bucket.left(101.5)
    assert 3 == bucket.left(999.0)

    bucket.charge(3)
    assert (0, 0.5) == (bucket.left(999.0), bucket.wait_s(999.0))
    assert 1 == bucket.left(999.5)


def test_debts_are_paid_back_first() -> None:
    """A try that asked and sent took two; the next call waits for both."""
    bucket = Bucket(1.0, 1)
    assert 1 == bucket.left(0.0)
    bucket.charge(2)
    assert 2.0 == pytest.approx(bucket.wait_s(0.0))


def test_a_process_uses_its_part() -> None:
    """With two of eight partitions a rate of eight a second is one of two."""
    bucket = Bucket(8.0, 8)
    bucket.left(0.0, 0.25)
    bucket.charge(1)
    assert 0.5 == pytest.approx(bucket.wait_s(0.0, 0.25))
    assert 2 == bucket.left(99.0, 0.25)


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.floats(0.1, 20), st.integers(1, 20))
def test_no_span_of_time_sees_more_than_its_rate_and_one_burst(steps: list[float], per_s: float, burst: int) -> None:
    """Whoever takes all there is, whenever: from any call to any other one the bound holds."""
    bucket, now_s, taken = Bucket(per_s, burst), 0.0, []
    for step in steps:
        now_s += step
        calls = bucket.left(now_s)
        bucket.charge(calls)
        taken.append((now_s, calls))

    for first, (since_s, _) in enumerate(taken):
        total = 0
        for until_s, calls in taken[first:]:
            total += calls
            assert total <= burst + per_s * (until_s - since_s) + 1e-6


def test_a_day_ends_and_a_partition_takes_its_calls_along() -> None:
    """Ten a day; what was called for a partition comes and goes with it."""
    budget = DayBudget(10)
    budget.learn(TODAY, 0, 4)
    budget.charge(TODAY, 1, 3)
    assert 3 == budget.left(TODAY)
    assert 0 == budget.left(TODAY, 0.5)

    budget.forget(0)
    assert 2 == budget.left(TODAY, 0.5)
    assert 10 == budget.left(TOMORROW)
    assert 10 == budget.left(TODAY)
