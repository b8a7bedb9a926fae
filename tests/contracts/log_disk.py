"""A disk that keeps a journal of itself, fails on command, and knows what a power cut leaves of it.

`Disk` is a way of SQLite to the real disk (a VFS) that notes every write, sync, truncation and deletion. `Platter`
plays the journal up to any point: what was synced survives a cut there, what was only written may or may not.
"""

import itertools
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import apsw

_serial = itertools.count(1)
_SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Wrote:
    """Bytes were handed to the system; they are not durable."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """A file was cut to a size; that is not durable."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Synced:
    """All that was done to a file before is durable."""

    file: str


@dataclass(frozen=True, slots=True)
class SyncFailed:
    """A sync failed: the system may forget what it holds for the file and report the next sync as good."""

    file: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """A name was removed; the removal need not be durable."""

    file: str


@dataclass(frozen=True, slots=True)
class Noted:
    """Something that the test saw at this point, such as an acknowledgement."""

    what: object


Event = Wrote | Truncated | Synced | SyncFailed | Deleted | Noted


@dataclass(slots=True)
class Fault:
    """The `nth` operation of a kind (`write`, `sync`) from now on fails with an error of SQLite, or all from then on.

    A torn write leaves its first half behind.
    """

    kind: str
    nth: int
    code: int
    lasting: bool = False
    torn: bool = False
    met: int = 0

    @property
    def fired(self) -> bool:
        """Whether it has failed something."""
        return self.met >= self.nth

    def hits(self, kind: str) -> bool:
        """Count an operation and say whether it fails."""
        if kind != self.kind:
            return False
        self.met += 1
        return self.met == self.nth or (self.lasting and self.fired)


class Disk(apsw.VFS):
    """A disk of its own name. `capacity_bytes` is what its files may hold together; None is boundless."""

    def __init__(self) -> None:
        self.name = f"disk-{next(_serial)}"
        self.journal: list[Event] = []
        self.fault: Fault | None = None
        self.capacity_bytes: int | None = None
        self.read_only = False
        self._sizes: dict[str, int] = {}
        super().__init__(self.name, "unix-excl")

    @property
    def used_bytes(self) -> int:
        """What the files hold together."""
        return sum(self._sizes.values())

    def note(self, what: object) -> None:
        """Put a sight of the test into the journal."""
        self.journal.append(Noted(what))

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> "_File":  # noqa: N802 - SQLite's name
        """Open a file of the disk."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        if self.read_only:
            writable = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
            flags[0] = flags[0] & ~writable | apsw.SQLITE_OPEN_READONLY
        file = _File(self, path, flags, name)
        self._sizes[file.name] = os.path.getsize(path)  # noqa: PTH202 - a string from SQLite
        return file

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - SQLite's name
        """Remove a file."""
        super().xDelete(filename, syncdir)
        name = Path(filename).name
        self._sizes.pop(name, None)
        self.journal.append(Deleted(name))

    def begin(self, kind: str) -> None:
        """Fail an operation whose turn it is."""
        if self.fault is not None and self.fault.hits(kind):
            raise apsw.exception_for(self.fault.code)

    def grow(self, file: str, end: int) -> None:
        """Take space for a file that reaches to `end`."""
        growth = max(0, end - self._sizes[file])
        if self.capacity_bytes is not None and growth and self.used_bytes + growth > self.capacity_bytes:
            raise apsw.exception_for(apsw.SQLITE_FULL)
        self._sizes[file] += growth

    def shrink(self, file: str, size: int) -> None:
        """Give space back."""
        self._sizes[file] = size


class _File(apsw.VFSFile):
    """One open file of a Disk."""

    def __init__(self, disk: Disk, path: str, flags: list[int], name: str | apsw.URIFilename | None) -> None:
        super().__init__("unix-excl", name, flags)
        self.name = Path(path).name
        self._disk = disk

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
        """Write, unless a fault or a full disk forbids it."""
        self._disk.grow(self.name, offset + len(data))
        try:
            self._disk.begin("write")
        except apsw.Error:
            if self._disk.fault is not None and self._disk.fault.torn:
                self._write(data[: len(data) // 2], offset)
            raise
        self._write(data, offset)

    def _write(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._disk.journal.append(Wrote(self.name, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - SQLite's name
        """Cut the file."""
        super().xTruncate(newsize)
        self._disk.shrink(self.name, newsize)
        self._disk.journal.append(Truncated(self.name, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        """Note that the file is durable, unless a fault forbids it. The real disk is spared: it is never cut."""
        try:
            self._disk.begin("sync")
        except apsw.Error:
            self._disk.journal.append(SyncFailed(self.name))
            raise
        self._disk.journal.append(Synced(self.name))


class Platter:
    """What is on the disk for certain, and what is only on its way.

    With `failed_sync_forgets`, a failed sync drops what was on its way, although the running system still shows it.
    """

    def __init__(self, *, failed_sync_forgets: bool = True) -> None:
        self._failed_sync_forgets = failed_sync_forgets
        self._durable: dict[str, bytearray] = {}
        self._pending: dict[str, list[Wrote | Truncated]] = {}
        self._ghosts: set[str] = set()

    def play(self, events: Iterable[Event]) -> None:
        """Go on through the journal."""
        for event in events:
            self._play(event)

    def _play(self, event: Event) -> None:
        match event:
            case Wrote() | Truncated():
                self._pending.setdefault(event.file, []).append(event)
            case Synced():
                self._sync_folder(event.file)
                _settle(self._durable.setdefault(event.file, bytearray()), self._pending.pop(event.file, []))
            case SyncFailed() if self._failed_sync_forgets:
                self._pending.pop(event.file, None)
            case Deleted():
                self._pending.pop(event.file, None)
                self._ghosts.add(event.file)
            case _:
                pass

    def _sync_folder(self, file: str) -> None:
        """SQLite syncs the folder with the first sync of a file that it made; then deletions are durable too."""
        made = file in self._ghosts or file not in self._durable
        if made and file.endswith(("-wal", "-journal")):
            for ghost in self._ghosts:
                self._durable.pop(ghost, None)
            self._ghosts.clear()

    def image(self, chance: Random | None = None) -> dict[str, bytes]:
        """Return the files after a power cut here.

        Only what was synced survives; with `chance`, each write on its way may survive too, whole or up to a sector,
        and a deletion may not.
        """
        if chance is None:
            return {name: bytes(data) for name, data in self._durable.items() if name not in self._ghosts}
        files = {name: bytearray(data) for name, data in self._durable.items()}
        for name in sorted(self._ghosts & files.keys()):
            if chance.random() < 0.5:
                del files[name]
        for name, pending in sorted(self._pending.items()):
            if name not in self._ghosts:
                _settle(files.setdefault(name, bytearray()), _lucky(pending, chance))
        return {name: bytes(data) for name, data in files.items()}


def _settle(data: bytearray, changes: Sequence[Wrote | Truncated]) -> None:
    """Do to a file what was done to it."""
    for change in changes:
        size = change.size if isinstance(change, Truncated) else change.offset
        if len(data) < size:
            data.extend(bytes(size - len(data)))
        if isinstance(change, Truncated):
            del data[size:]
        else:
            data[size : size + len(change.data)] = change.data


def _lucky(pending: Sequence[Wrote | Truncated], chance: Random) -> list[Wrote | Truncated]:
    """Choose what survives of the changes on their way."""
    survivors: list[Wrote | Truncated] = []
    for change in pending:
        luck = chance.random()
        if luck < 0.5:
            survivors.append(change)
        elif luck < 0.75 and isinstance(change, Wrote):
            sectors = chance.randrange(len(change.data) // _SECTOR_BYTES + 1)
            survivors.append(Wrote(change.file, change.offset, change.data[: sectors * _SECTOR_BYTES]))
    return survivors


def restore(image: dict[str, bytes], folder: Path) -> Path:
    """Write the files of an image into an empty folder and return the path of the log in it."""
    folder.mkdir(parents=True)
    for name, data in image.items():
        (folder / name).write_bytes(data)
    return folder / "log.db"


def records_of(path: Path) -> dict[int, dict[int, tuple[bytes, bytes]]]:
    """Read a log file with nothing but SQLite: key and value by offset, by slot. Empty when there is no log."""
    if not path.exists():
        return {}
    connection = apsw.Connection(str(path))
    connection.pragma("synchronous", "off")
    try:
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'record'").get:
            return {}
        found: dict[int, dict[int, tuple[bytes, bytes]]] = {}
        for place, key, value in connection.execute("SELECT place, key, value FROM record ORDER BY place"):
            found.setdefault(place >> 40, {})[place & (1 << 40) - 1] = (key, value)
        return found
    finally:
        connection.close()
