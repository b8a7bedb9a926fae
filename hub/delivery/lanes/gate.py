"""The gate of a partition: which records may start, and which offset may be committed."""

from collections import deque


class Gate:
    """Lets records start below `committed + window`, and never passes one that is not finished.

    Pure bookkeeping, no I/O. Offsets rise; they need not be gapless.
    """

    def __init__(self, committed: int, window: int) -> None:
        self._committed = committed
        self._window = window
        self._seen = committed
        self._order: deque[int] = deque()
        self._open: dict[int, int] = {}

    @property
    def committed(self) -> int:
        """The offset that is committed durably."""
        return self._committed

    @property
    def limit(self) -> int:
        """The first offset that may not start yet."""
        return self._committed + self._window

    @property
    def passed(self) -> int:
        """The offset that may be committed: everything below it is finished."""
        return self._order[0] if self._order else self._seen

    @property
    def unfinished(self) -> int:
        """How many records are under way."""
        return len(self._open)

    def start(self, offset: int, pieces: int) -> None:
        """Start a record that finishes after `pieces` calls of `finish`; none means at once."""
        if not self._seen <= offset < self.limit:
            raise ValueError(f"offset {offset} is not in [{self._seen}, {self.limit})")
        self._seen = offset + 1
        if pieces:
            self._order.append(offset)
            self._open[offset] = pieces

    def finish(self, offset: int) -> None:
        """Finish one piece of a record."""
        left = self._open[offset] - 1
        if left:
            self._open[offset] = left
            return
        del self._open[offset]
        while self._order and self._order[0] not in self._open:
            self._order.popleft()

    def commit(self, offset: int) -> None:
        """Take note that `offset` is committed durably; the window moves with it."""
        self._committed = max(self._committed, offset)
