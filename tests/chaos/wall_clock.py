"""The wall clock of one process, made to jump by libfaketime while its steady clock goes on."""

from collections.abc import Mapping
from pathlib import Path

_LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/local/lib/faketime/libfaketimeMT.so.1")


def library() -> Path | None:
    """Return libfaketime (Debian: package `faketime`); None when it is not installed."""
    return next((found for place in _LIBRARIES for found in sorted(Path("/").glob(place.lstrip("/")))), None)


class WallClock:
    """One file that says how far off the clock is; processes that start with `environment` believe it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process must be started with; nothing where libfaketime is missing."""
        found = library()
        if found is None:
            return {}
        return {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            # Its repair for glibc before 2.24 ends the timed waits of a steady clock at once; CPython's threads wait
            # for their lock that way, and would spend their time handing it over.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }

    def set(self, offset_s: int) -> None:
        """Let the clock be off by so many seconds; processes see it within two."""
        fresh = self._file.with_suffix(".fresh")
        fresh.write_text(f"{offset_s:+d}\n")
        fresh.replace(self._file)
