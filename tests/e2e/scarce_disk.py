"""A disk that runs out when a test says so: a tmpfs of its own, or the limits that any process can be given."""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

MIB = 1024 * 1024
_ROOMY_BYTES = 700 * MIB
_SPARE_BYTES = 256 * MIB
_TRIES_MAX = 100


class ScarceDisk(Protocol):
    """Where a hub lives. `free_bytes_min` is a minimum for its guard that `squeeze` falls below and `relieve` meets."""

    folder: Path
    free_bytes_min: int
    refusal: str
    """The problem code of a hub whose files cannot grow."""

    def exhaust(self, pid: int) -> None:
        """Leave no room for another byte, to a process at least."""

    def squeeze(self) -> None:
        """Leave less than the minimum."""

    def relieve(self, pid: int) -> None:
        """Give back what was taken."""


class SmallDisk:
    """A tmpfs. Its size is a bound, not memory: shrinking and growing it costs nothing."""

    free_bytes_min = 512 * MIB
    refusal = "hub.disk_full"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exhaust(self, pid: int) -> None:
        """Make the disk as large as what is on it; somebody may be writing meanwhile."""
        for _ in range(_TRIES_MAX):
            with suppress(subprocess.CalledProcessError):
                return self._resize(self._used_bytes())
        raise TimeoutError("the disk grows faster than it can be made small")

    def squeeze(self) -> None:
        """Leave half of the minimum."""
        self._resize(self._used_bytes() + self.free_bytes_min // 2)

    def relieve(self, pid: int = 0) -> None:
        """Make the disk large again."""
        self._resize(_ROOMY_BYTES)

    def _used_bytes(self) -> int:
        usage = os.statvfs(self.folder)
        return (usage.f_blocks - usage.f_bfree) * usage.f_frsize

    def _resize(self, size_bytes: int) -> None:
        _run("mount", "-o", f"remount,size={size_bytes}", str(self.folder))


class LimitedDisk:
    """The disk that is there, where none may be mounted: files that may not grow, and a file that takes the room."""

    refusal = "hub.unavailable"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        usage = os.statvfs(folder)
        self.free_bytes_min = usage.f_bavail * usage.f_frsize - _SPARE_BYTES

    def exhaust(self, pid: int) -> None:
        """Let the process write nothing behind the first byte of any file."""
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))

    def squeeze(self) -> None:
        """Take twice what is above the minimum."""
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, 2 * _SPARE_BYTES)

    def relieve(self, pid: int) -> None:
        """Take the limit and the file away."""
        self._ballast.unlink(missing_ok=True)
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


@contextmanager
def scarce_disk(folder: Path) -> Iterator[ScarceDisk]:
    """Make a folder with a disk of its own, or with limits where mounting is not permitted."""
    folder.mkdir()
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={_ROOMY_BYTES},mode=700", "hub-test", str(folder))
    except (FileNotFoundError, subprocess.CalledProcessError):
        yield LimitedDisk(folder)
        return
    try:
        yield SmallDisk(folder)
    finally:
        _run("umount", "--lazy", str(folder))


def take_rights(folder: Path) -> None:
    """Take the right to write from the files of a folder, and from the folder."""
    for file in folder.iterdir():
        file.chmod(0o400)
    folder.chmod(0o500)


def give_rights(folder: Path) -> None:
    """Give the right to write back."""
    folder.chmod(0o700)
    for file in folder.iterdir():
        file.chmod(0o600)


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise FileNotFoundError(program)
    subprocess.run([found, *arguments], check=True, capture_output=True)
