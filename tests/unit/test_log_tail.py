"""The newest records in memory."""

from datetime import UTC, datetime

from hub.log.sqlite.tail import Tail
from hub.ports import Record

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def record(offset: int) -> Record:
    """Make a record of 1,000 bytes, which weighs 1,200 with what surrounds it."""
    return Record("commands", 0, offset, NOW, b"", bytes(1_000))


def test_a_tail_gives_what_it_has_and_says_when_it_has_not() -> None:
    """Past the end there is nothing; before the first kept record only the disk knows."""
    tail = Tail(5, 10_000)
    tail.push(record(5))
    tail.push(record(6))

    assert 7 == tail.end
    assert [record(5), record(6)] == tail.read(5, 10)
    assert [record(6)] == tail.read(6, 10)
    assert [record(5)] == tail.read(5, 1)
    assert () == tail.read(7, 10)
    assert tail.read(4, 10) is None


def test_a_tail_is_bounded_by_weight() -> None:
    """Old records go when new ones come."""
    tail = Tail(0, 3_000)
    for offset in range(10):
        tail.push(record(offset))

    assert [record(8), record(9)] == tail.read(8, 10)
    assert tail.read(7, 10) is None


def test_a_tail_without_room_keeps_nothing() -> None:
    """Everything comes from the disk, but the end is known."""
    tail = Tail(0, 0)
    tail.push(record(0))

    assert 1 == tail.end
    assert tail.read(0, 1) is None


def test_a_gap_empties_the_tail() -> None:
    """Records that the disk holds and the tail missed are not skipped."""
    tail = Tail(0, 10_000)
    tail.push(record(0))
    tail.move(2)
    tail.push(record(2))

    assert tail.read(0, 10) is None
    assert tail.read(1, 10) is None
    assert [record(2)] == tail.read(2, 10)
