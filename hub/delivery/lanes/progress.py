"""Whether delivery makes progress: a partition with unfinished records whose offset stands still has a fault."""

from collections.abc import Mapping


class Progress:
    """Remembers since when each partition's committed offset has not moved (monotonic seconds)."""

    def __init__(self, still_s_max: float = 30.0) -> None:
        self._still_s_max = still_s_max
        self._since: dict[int, tuple[int, float]] = {}

    def stalled(self, committed: Mapping[int, tuple[int, int]], now_s: float) -> list[int]:
        """Return the partitions that stand still. `committed` maps to (committed offset, unfinished records)."""
        stalled = []
        for partition, (offset, unfinished) in committed.items():
            known, since_s = self._since.get(partition, (offset, now_s))
            if not unfinished or known != offset:
                since_s = now_s
            self._since[partition] = (offset, since_s)
            if now_s - since_s > self._still_s_max:
                stalled.append(partition)
        return stalled
