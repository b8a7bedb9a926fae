"""Whatever the facts are: what may not go stays."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.pipeline.retention import Facts, cut, reach
from hub.ports import Bounds, Record

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BEFORE = NOW - timedelta(days=30)
OFFSETS = st.integers(0, 40)


@st.composite
def partitions(draw: st.DrawFn) -> tuple[Facts, list[Record]]:
    """Build a partition with gaps, wrong clocks, readers anywhere, and perhaps something owed."""
    start = draw(st.integers(0, 20))
    lie = draw(st.lists(st.tuples(st.booleans(), st.integers(-3, 40)), max_size=15))
    records, offset = [], start
    for gap, age_days in lie:
        offset += gap
        records.append(Record("t", 0, offset, NOW - timedelta(days=age_days), b"", b""))
        offset += 1
    facts = Facts(
        Bounds(start, offset),
        draw(st.dictionaries(st.sampled_from("abc"), OFFSETS, max_size=3)),
        draw(st.none() | OFFSETS),
        draw(st.integers(0, 10)),
    )
    return facts, records


@given(partitions(), st.integers(0, 20))
def test_what_goes_was_read_is_final_and_old(made: tuple[Facts, list[Record]], looked_at: int) -> None:
    """Every record below the cut lies below all readers, below what is owed, outside the tail, and is old."""
    facts, records = made
    since = next((each.appended_at for each in records if facts.owed is not None and each.offset >= facts.owed), None)

    before = cut(reach(facts), facts.held.start, records[:looked_at], BEFORE, since).before

    gone = [record for record in records if record.offset < before]
    assert facts.held.start <= before <= facts.held.end
    assert all(record.offset < reader for record in gone for reader in facts.readers.values())
    assert facts.owed is None or all(record.offset < facts.owed for record in gone)
    assert all(record.offset < facts.held.end - facts.tail_records for record in gone)
    assert all(record.appended_at < BEFORE for record in gone)
    assert since is None or all(record.appended_at < since - timedelta(minutes=1) for record in gone)
    assert gone == [record for record in records[:looked_at] if record.offset < before]


@given(partitions())
def test_what_nothing_keeps_goes(made: tuple[Facts, list[Record]]) -> None:
    """The first record that stays is kept by something: a reader, what is owed, the tail, or its age."""
    facts, records = made

    before = cut(reach(facts), facts.held.start, records, BEFORE).before

    stays = next((record for record in records if record.offset >= before), None)
    assert (
        stays is None
        or stays.appended_at >= BEFORE
        or any(stays.offset >= reader for reader in facts.readers.values())
        or (facts.owed is not None and stays.offset >= facts.owed)
        or stays.offset >= facts.held.end - facts.tail_records
    )
