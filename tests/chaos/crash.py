"""Where and when a hub dies: named points, counted passages."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Point(StrEnum):
    """A place in the hub. `request` is any call of a platform; `reply` is what comes back from one."""

    APPEND_BEFORE = "append.before"
    APPEND_AFTER = "append.after"
    SEND_BEFORE = "send.before"
    SEND_AFTER = "send.after"
    REPLY_BEFORE = "reply.before"
    REPLY_AFTER = "reply.after"
    OUTCOME_BEFORE = "outcome.before"
    OUTCOME_AFTER = "outcome.after"
    PARK_BEFORE = "park.before"
    PARK_AFTER = "park.after"
    SETTLE_BEFORE = "settle.before"
    SETTLE_AFTER = "settle.after"
    COMMIT_BEFORE = "commit.before"
    COMMIT_AFTER = "commit.after"


@dataclass(frozen=True, slots=True)
class Crash:
    """The N-th passage of a point, counted from 1 in the life of a process."""

    point: Point
    passage: int

    @classmethod
    def parse(cls, text: str) -> "Crash":
        """Read `POINT:N`. ValueError when it is something else."""
        point, _, passage = text.partition(":")
        return cls(Point(point), int(passage))

    def __str__(self) -> str:
        return f"{self.point}:{self.passage}"


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Fuse:
    """Counts the passages of one point and ends the process at the one that was ordered; without a crash, never."""

    def __init__(self, crash: Crash | None, die: Callable[[], None] = _die) -> None:
        self._crash = crash
        self._die = die
        self._passed = 0

    def pass_by(self, point: Point) -> None:
        """Note that a point is passed."""
        if self.due(point):
            self._die()

    def due(self, point: Point) -> bool:
        """Note that a point is passed, and say whether this is the passage; the caller then ends the process."""
        if self._crash is None or self._crash.point is not point:
            return False
        self._passed += 1
        return self._passed == self._crash.passage

    def blow(self) -> None:
        """End the process."""
        self._die()
