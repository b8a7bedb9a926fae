"""Who gets which partition, for any group."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.log.shares import shares

NAMES = st.sampled_from("abcdefg")
MEMBERS = st.lists(NAMES, unique=True, max_size=7)


@st.composite
def groups(draw: st.DrawFn) -> tuple[int, dict[int, str], list[str]]:
    """Draw a number of partitions, who holds what so far, and who is a member from here on."""
    partitions = draw(st.integers(1, 20))
    holders = draw(st.dictionaries(st.integers(0, partitions - 1), NAMES))
    return partitions, holders, draw(MEMBERS)


@given(groups())
def test_every_partition_has_one_owner_and_nobody_has_much_more(group: tuple[int, dict[int, str], list[str]]) -> None:
    """All partitions are given to members, who differ by at most one."""
    partitions, holders, members = group
    target = shares(partitions, holders, members)
    counts = [Counter(target.values())[member] for member in members]

    assert (set(range(partitions)) if members else set()) == set(target)
    assert set(target.values()) <= set(members)
    assert not counts or max(counts) - min(counts) <= 1


@given(groups())
def test_nothing_moves_that_need_not(group: tuple[int, dict[int, str], list[str]]) -> None:
    """No member both loses and gains, and a second look changes nothing."""
    partitions, holders, members = group
    target = shares(partitions, holders, members)

    for member in members:
        before = {partition for partition, holder in holders.items() if holder == member}
        after = {partition for partition, holder in target.items() if holder == member}
        assert before <= after or after <= before
    assert target == shares(partitions, target, members)


@given(groups(), NAMES)
def test_balanced_groups_stay_as_they_are(group: tuple[int, dict[int, str], list[str]], name: str) -> None:
    """When a member leaves, the others keep all they had."""
    partitions, holders, members = group
    target = shares(partitions, holders, members)
    left = [member for member in members if member != name]
    after = shares(partitions, target, left)

    assert all(after[partition] == holder for partition, holder in target.items() if holder in left)
