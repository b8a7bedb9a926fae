"""The newest records of a partition in memory: whoever keeps up with the log never asks the disk."""

from collections import deque
from collections.abc import Sequence
from itertools import islice

from hub.ports import Record

_RECORD_OVERHEAD_BYTES = 200


class Tail:
    """The last records up to `end`, without a gap, as many as `bytes_max` holds. `end` is the next offset."""

    def __init__(self, end: int, bytes_max: int) -> None:
        self.end = end
        self._bytes_max = bytes_max
        self._bytes = 0
        self._records: deque[Record] = deque()

    def push(self, record: Record) -> None:
        """Add the next record."""
        if record.offset != self.end:
            self._forget()
        self._records.append(record)
        self._bytes += _weight(record)
        self.end = record.offset + 1
        while self._bytes > self._bytes_max:
            self._bytes -= _weight(self._records.popleft())

    def move(self, end: int) -> None:
        """Take over an end that was read from the disk."""
        if end != self.end:
            self._forget()
            self.end = end

    def read(self, offset: int, records_max: int) -> Sequence[Record] | None:
        """Return records from an offset on; None when only the disk knows."""
        if offset >= self.end:
            return ()
        skip = offset - (self.end - len(self._records))
        return list(islice(self._records, skip, skip + records_max)) if skip >= 0 else None

    def _forget(self) -> None:
        self._records.clear()
        self._bytes = 0


def _weight(record: Record) -> int:
    return len(record.key) + len(record.value) + _RECORD_OVERHEAD_BYTES
