"""The gate: a window that opens with commits, and offsets that wait for the slowest record."""

import pytest

from hub.delivery.lanes.gate import Gate


def test_commits_stop_at_the_first_unfinished_record() -> None:
    """Records that finish early do not let the offset pass one that has not."""
    gate = Gate(committed=10, window=5)
    for offset in (10, 11, 12):
        gate.start(offset, pieces=1)

    gate.finish(11)
    gate.finish(12)
    assert gate.passed == 10

    gate.finish(10)
    assert gate.passed == 13


def test_the_case_in_which_the_stream_engine_loses_a_message() -> None:
    """With 32 committed, 32 under way and 33 and 34 done, nothing past 32 may be committed."""
    gate = Gate(committed=32, window=10)
    for offset in (32, 33, 34):
        gate.start(offset, pieces=1)
    gate.finish(33)
    gate.finish(34)

    assert gate.passed == 32


def test_a_record_is_finished_with_its_last_piece() -> None:
    """Two deliveries of one message hold one offset until both are through."""
    gate = Gate(committed=0, window=5)
    gate.start(0, pieces=2)

    gate.finish(0)
    assert (gate.passed, gate.unfinished) == (0, 1)

    gate.finish(0)
    assert (gate.passed, gate.unfinished) == (1, 0)


def test_the_window_moves_with_the_durable_commit_only() -> None:
    """What is finished but not committed does not open the window."""
    gate = Gate(committed=0, window=2)
    gate.start(0, pieces=0)
    gate.start(1, pieces=0)
    assert (gate.passed, gate.limit) == (2, 2)
    with pytest.raises(ValueError, match="offset 2"):
        gate.start(2, pieces=1)

    gate.commit(2)
    gate.start(2, pieces=1)
    assert gate.limit == 4


def test_gaps_in_the_offsets_are_stepped_over() -> None:
    """Offsets rise but need not be gapless."""
    gate = Gate(committed=0, window=100)
    gate.start(3, pieces=1)
    gate.start(70, pieces=1)
    gate.finish(3)
    assert gate.passed == 70

    gate.finish(70)
    assert gate.passed == 71
