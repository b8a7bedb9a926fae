"""The disk guard, on a real folder."""

import os
from pathlib import Path

import pytest

from hub.disk import DiskGuard
from hub.errors import Unavailable
from tests.clock import ManualClock

MORE_THAN_ANY_DISK = 2**62


def test_a_disk_with_room_admits(tmp_path: Path) -> None:
    """Down to the last byte of the minimum."""
    guard = DiskGuard(tmp_path, 1, ManualClock())

    guard.admit()

    usage = os.statvfs(tmp_path)
    assert pytest.approx(usage.f_bavail * usage.f_frsize, rel=0.05) == guard.free_bytes


def test_a_disk_without_room_refuses() -> None:
    """With a code of its own, and a time after which to come again."""
    guard = DiskGuard(Path("/"), MORE_THAN_ANY_DISK, ManualClock())

    with pytest.raises(Unavailable) as raised:
        guard.admit()

    assert ("hub.disk_full", 30, True) == (
        raised.value.problem_code,
        raised.value.retry_after_s,
        raised.value.retriable,
    )


async def test_the_disk_is_looked_at_five_times_a_second(tmp_path: Path) -> None:
    """What was seen holds for 0.2 s, so that a thousand requests a second cost five looks."""
    folder, clock = tmp_path / "home", ManualClock()
    folder.mkdir()
    guard = DiskGuard(folder, 1, clock)
    guard.admit()
    folder.rmdir()

    await clock.advance(0.19)
    guard.admit()

    await clock.advance(0.02)
    with pytest.raises(Unavailable):
        guard.admit()


def test_a_folder_that_is_gone_is_no_room(tmp_path: Path) -> None:
    """The hub is unavailable, and the operator reads which folder; nobody is shown a fault."""
    guard = DiskGuard(tmp_path / "gone", 1, ManualClock())

    for _ in range(2):
        with pytest.raises(Unavailable, match="gone: No such file or directory") as raised:
            guard.admit()
    assert "hub.unavailable" == raised.value.problem_code
