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


@dataclass(slots=True)
class Batch:
    """What goes into one transaction: all or nothing."""

    appends: list[PendingAppend] = field(default_factory=list)
    commits: list[PendingCommit] = field(default_factory=list)
    record_bytes: int = 0

    def add(self, pending: PendingAppend | PendingCommit) -> None:
        """Take one more."""
        if isinstance(pending, PendingCommit):
            self.commits.append(pending)
        else:
            self.appends.append(pending)
            self.record_bytes += pending.record_bytes

    def __len__(self) -> int:
        return len(self.appends) + len(self.commits)


@dataclass(frozen=True, slots=True)
class Contents:
    """What the file held when it was opened: next offsets by slot, commits by (group, slot). All of it is durable."""

    ends: Mapping[int, int]
    committed: Mapping[tuple[str, int], int]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a batch: the offsets of its appends, or the error of all who wait for it.

    `contents` is set when the file had to be opened again.
    """

    offsets: Sequence[int] = ()
    error: HubFault | None = None
    contents: Contents | None = None
