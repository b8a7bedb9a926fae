"""The disk guard: the hub says no before the disk is full, so that what it has accepted can still be worked on."""

import os
from pathlib import Path

from hub.errors import Unavailable
from hub.ports import Clock

_LOOK_EVERY_S = 0.2


class DiskGuard:
    """Refuses new work while the free space of a folder is below a minimum (bytes)."""

    def __init__(self, folder: Path, free_bytes_min: int, clock: Clock) -> None:
        self._folder = folder
        self._free_bytes_min = free_bytes_min
        self._clock = clock
        self._looked_s = float("-inf")
        self._free_bytes = 0

    @property
    def free_bytes(self) -> int:
        """The free space as of a moment ago. Unavailable when the folder is gone."""
        now_s = self._clock.monotonic()
        if now_s - self._looked_s >= _LOOK_EVERY_S:
            self._free_bytes = self._look()
            self._looked_s = now_s
        return self._free_bytes

    def _look(self) -> int:
        try:
            usage = os.statvfs(self._folder)
        except OSError as error:
            raise Unavailable(f"{self._folder}: {error.strerror}") from None
        return usage.f_bavail * usage.f_frsize

    def admit(self) -> None:
        """Raise Unavailable (`hub.disk_full`) when space is short."""
        if self.free_bytes < self._free_bytes_min:
            raise Unavailable("disk space below the minimum", code="hub.disk_full", retry_after_s=30)
