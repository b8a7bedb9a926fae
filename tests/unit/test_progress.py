"""Whether delivery makes progress."""

from hub.delivery.lanes.progress import Progress

STILL_S = 30.0


def test_a_partition_that_stands_still_with_work_is_named() -> None:
    """After thirty seconds, not before."""
    progress = Progress(STILL_S)

    assert [] == progress.stalled({3: (7, 2)}, 0.0)
    assert [] == progress.stalled({3: (7, 2)}, 30.0)
    assert [3] == progress.stalled({3: (7, 2)}, 30.1)


def test_a_partition_without_work_may_stand_still() -> None:
    """Nothing to do is no fault, and the wait begins with the work."""
    progress = Progress(STILL_S)
    progress.stalled({3: (7, 0)}, 0.0)

    assert [] == progress.stalled({3: (7, 0)}, 100.0)
    assert [] == progress.stalled({3: (7, 1)}, 101.0)
    assert [] == progress.stalled({3: (7, 1)}, 130.0)
    assert [3] == progress.stalled({3: (7, 1)}, 130.1)


def test_an_offset_that_moves_is_progress() -> None:
    """However slowly, and although work is left."""
    progress = Progress(STILL_S)

    for at_s, offset in ((0.0, 7), (29.0, 8), (58.0, 9), (87.0, 10)):
        assert [] == progress.stalled({3: (offset, 1)}, at_s)


def test_partitions_are_judged_apart() -> None:
    """One that stands still does not hide behind one that moves."""
    progress = Progress(STILL_S)
    progress.stalled({1: (0, 1), 2: (0, 1), 3: (0, 1)}, 0.0)

    assert [1, 3] == progress.stalled({1: (0, 1), 2: (5, 1), 3: (0, 1)}, 31.0)


def test_a_partition_that_came_back_starts_afresh_when_it_moved() -> None:
    """What was seen before it went away counts only while its offset is the same."""
    progress = Progress(STILL_S)
    progress.stalled({3: (7, 1)}, 0.0)
    progress.stalled({}, 20.0)

    assert [] == progress.stalled({3: (9, 1)}, 40.0)
