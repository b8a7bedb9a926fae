"""What the disk can do: the time of one fsync."""

import os
import statistics
import time
from pathlib import Path

_TIMES = 200
_BLOCK = b"\0" * 4096


def fsync_ms(folder: Path) -> float:
    """Return the median time of writing 4 KiB and syncing them, in milliseconds."""
    file = folder / "fsync.probe"
    took_s = []
    with file.open("wb") as probe:
        for _ in range(_TIMES):
            started_s = time.perf_counter()
            probe.write(_BLOCK)
            probe.flush()
            os.fdatasync(probe.fileno())
            took_s.append(time.perf_counter() - started_s)
    file.unlink()
    return statistics.median(took_s) * 1000
