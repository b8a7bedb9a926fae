"""One process owns the file."""

import contextlib
import fcntl
import os
from pathlib import Path

from hub.errors import ConfigInvalid, Unavailable


class FileLock:
    """An exclusive lock on `<file>.lock`, which names the process that holds it. The system drops it with the process.

    Unavailable when another process, or another log in this one, holds it, or when the disk fails; ConfigInvalid when
    the folder is missing or closed to us.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.with_name(path.name + ".lock")
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise ConfigInvalid(f"{self._path}: {error.strerror}") from None
        except OSError as error:
            raise Unavailable(f"{self._path}: {error.strerror}") from None
        try:
            self._take(path)
        except BaseException:
            os.close(self._handle)
            raise

    def _take(self, path: Path) -> None:
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip() or "unknown"
            raise Unavailable(f"{path} is in use by process {owner}; one process owns a log, stop it first") from None
        with contextlib.suppress(OSError):  # a full disk may refuse the name; the lock holds without it
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, str(os.getpid()).encode(), 0)

    def release(self) -> None:
        """Let go. The lock file stays: removing it would let two processes lock two files of one name."""
        os.close(self._handle)
