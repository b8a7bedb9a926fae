"""Who gets which partition: a pure decision."""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Holder = TypeVar("Holder", bound=Hashable)


def shares(partitions: int, holders: Mapping[int, Holder], members: Sequence[Holder]) -> dict[int, Holder]:
    """Return the owner that each partition should have.

    Members differ by at most one partition, and no partition moves that need not. `holders` are the owners so far;
    owners that are no longer members lose what they hold. Without members nobody owns anything.
    """
    held = {member: [p for p in range(partitions) if p in holders and holders[p] == member] for member in members}
    quotas = _quotas(partitions, [len(mine) for mine in held.values()])
    kept = {member: mine[:quota] for (member, mine), quota in zip(held.items(), quotas, strict=True)}
    free = sorted(set(range(partitions)).difference(*kept.values()))
    for mine, quota in zip(kept.values(), quotas, strict=True):
        missing = quota - len(mine)
        mine.extend(free[:missing])
        free = free[missing:]
    return {partition: member for member, mine in kept.items() for partition in mine}


def _quotas(partitions: int, held: Sequence[int]) -> list[int]:
    """Return how many partitions each member should have; those who hold most get the odd ones."""
    if not held:
        return []
    each, odd = divmod(partitions, len(held))
    by_holding = sorted(range(len(held)), key=lambda index: -held[index])
    lucky = set(by_holding[:odd])
    return [each + (index in lucky) for index in range(len(held))]
