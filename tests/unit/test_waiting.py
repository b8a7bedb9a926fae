"""Whose turn it is when a platform takes something again."""

from hub.delivery.admission.ramp import Ramp
from hub.delivery.admission.waiting import Waiting
from hub.delivery.lanes.lane import Lane, Rest
from hub.delivery.tries.blame import Seen
from hub.ports import DeliveryId, LaneKey


def _lane(name: str, *, fresh: bool = True, guilty: bool = False) -> Lane:
    lane = Lane(LaneKey(name, "portal"), 0)
    lane.head_id, lane.fresh = name, fresh
    if guilty:
        for now_s in (0.0, 2.0):
            lane.blame.failed(DeliveryId(name, "portal.state", 0), Seen(now_s, now_s - 1, 0, well=True))
    return lane


def _taken(waiting: Waiting) -> list[str]:
    return [lane.head_id for lane in iter(waiting.take, None)]


def test_the_oldest_goes_first_and_who_fails_by_itself_last() -> None:
    """Whether a lane failed with its platform makes no difference to its turn."""
    waiting = Waiting()
    for lane in (_lane("m3"), _lane("m1", fresh=False, guilty=True), _lane("m4"), _lane("m2", fresh=False)):
        waiting.add(lane)

    assert waiting.older_than("m3")
    assert not waiting.older_than("m2")
    assert ["m2", "m3", "m4", "m1"] == _taken(waiting)
    assert not waiting


def test_the_probe_is_one_that_did_not_fail_itself() -> None:
    """The oldest of those; only when there is none, one that failed."""
    waiting = Waiting()
    for lane in (_lane("m1", fresh=False), _lane("m3"), _lane("m2")):
        waiting.add(lane)

    probes = [lane.head_id for lane in iter(waiting.take_probe, None)]
    assert ["m2", "m3", "m1"] == probes


def test_whatever_else_moves_a_lane_on_takes_it_out() -> None:
    """A lane that was woken otherwise, or held, waits no more; one that waits again has one turn."""
    waiting, woken, held, again = Waiting(), _lane("m1"), _lane("m2"), _lane("m3")
    for lane in (woken, held, again, again):
        waiting.add(lane)
    woken.rest, held.rest = Rest.READY, Rest.HELD

    assert ["m3"] == _taken(waiting)


def test_a_platform_comes_back_by_doubling() -> None:
    """Two at a time, one more with each success, half after a failure, never more than there are."""
    ramp = Ramp(8)
    assert 8 == ramp.allowed
    ramp.failed()
    assert ramp.full

    ramp.restart(5.0)
    assert (2, 5.0) == (ramp.allowed, ramp.since_s)
    for _ in range(4):
        ramp.succeeded()
    ramp.failed()
    assert 3 == ramp.allowed
    for _ in range(99):
        ramp.succeeded()
    assert 8 == ramp.allowed
