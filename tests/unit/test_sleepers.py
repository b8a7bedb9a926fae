"""What was written down by a clock that was wrong keeps no lane asleep."""

from datetime import timedelta

import pytest

from hub.delivery.lanes.sleepers import Sleepers
from tests.clock import ManualClock


@pytest.mark.parametrize(("ahead_s", "must"), [(-1.0, False), (0.0, False), (0.5, True), (300.0, True), (301.0, False)])
def test_a_lane_sleeps_no_longer_than_anybody_orders(ahead_s: float, must: bool) -> None:
    """A time in the next 300 s is waited for; a past one is not, nor one that nobody can have ordered."""
    clock = ManualClock()

    assert must is Sleepers(clock).must(clock.now() + timedelta(seconds=ahead_s), 300.0)
