"""What waits for the writing thread, and what the thread says to it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.errors import HubFault
from hub.ports import Position


@dataclass(frozen=True, slots=True)
class PendingAppend:
    """One record on its way to the disk. `slot` numbers its partition inside the file."""

    slot: int
    topic: str
    partition: int
    appended_at: datetime
    key: bytes
    value: bytes
    done: asyncio.Future[Position]

    @property
    def record_bytes(self) -> int:
        """What the record weighs."""
        return len(self.key) + len(self.value)


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """Offsets of one group on their way to the disk, by slot."""

    group: str
    offsets: Mapping[int, int]
    done: asyncio.Future[None]


@dataclass(frozen=True, slots=True)
class PendingTrim:
    """The next few records of one partition that go, all of them below `before`; `done` gets its start after that."""

    slot: int
    before: int
    done: asyncio.Future[int]


Pending = PendingAppend | PendingCommit | PendingTrim


@dataclass(slots=True)
class Batch:
    """What goes into one transaction: all or nothing."""

    appends: list[PendingAppend] = field(default_factory=list)
    commits: list[PendingCommit] = field(default_factory=list)
    trims: list[PendingTrim] = field(default_factory=list)
    record_bytes: int = 0

    def add(self, pending: Pending) -> None:
        """Take one more."""
        if isinstance(pending, PendingCommit):
            self.commits.append(pending)
        elif isinstance(pending, PendingTrim):
            self.trims.append(pending)
        else:
            self.appends.append(pending)
            self.record_bytes += pending.record_bytes

    def __len__(self) -> int:
        return len(self.appends) + len(self.commits) + len(self.trims)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the file held when it was opened: starts and ends by slot, commits by (group, slot). All durable."""

    starts: Mapping[int, int]
    ends: Mapping[int, int]
    committed: Mapping[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a batch: offsets of its appends, starts by slot of what it trimmed, or the error of all its waiters.

    `contents` is set when the file had to be opened again.
    """

    offsets: Sequence[int] = ()
    error: HubFault | None = None
    contents: Contents | None = None
    starts: Mapping[int, int] = field(default_factory=dict)
