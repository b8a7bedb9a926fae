"""The ledger of effects: what a platform did, in the order in which it did it. Nothing is left out as a repeat.

Rows are JSON lines in a file of their own: `seq` (from 1, gapless), `at` (UTC), `connection` (client address and port),
`service`, `kind`, `key` (what the effect is about) and `data`. Memory holds where each row lies and what it is about.
"""

import fcntl
import os
import sys
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from ops.sandbox.clock import Clock

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """On which connection and for which service an effect came."""

    connection: str
    service: str


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that the platform did."""

    kind: str
    key: str
    data: object


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are wanted; None means all."""

    kind: str | None = None
    key: str | None = None
    service: str | None = None


class LedgerInUse(Exception):
    """Another sandbox writes to the file."""


class Ledger:
    """Append-only rows in one file, which has one writer at a time."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._starts = array("Q")
        self._about: list[tuple[str, str, str]] = []
        self._counts: Counter[str] = Counter()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            raise LedgerInUse(str(path)) from None
        self._end = 0

    def load(self, restore: Callable[[Row], None]) -> None:
        """Read the file from its start and hand each row to `restore`; a line torn by a crash is cut off."""
        with os.fdopen(os.dup(self._file), "rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                row = orjson.loads(line)
                self._index(self._end, row["service"], row["kind"], row["key"])
                self._end += len(line)
                restore(row)
        os.ftruncate(self._file, self._end)

    def append(self, origin: Origin, effects: Sequence[Effect]) -> range:
        """Write effects and return their numbers. OSError when the disk refuses; nothing is recorded then."""
        first = len(self._starts) + 1
        at = self._clock.now()
        lines = [
            orjson.dumps(
                {
                    "seq": number,
                    "at": at,
                    "connection": origin.connection,
                    "service": origin.service,
                    "kind": effect.kind,
                    "key": effect.key,
                    "data": effect.data,
                },
                option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z,
            )
            for number, effect in enumerate(effects, first)
        ]
        self._write(b"".join(lines))
        for line, effect in zip(lines, effects, strict=True):
            self._index(self._end, origin.service, effect.kind, effect.key)
            self._end += len(line)
        return range(first, first + len(lines))

    def row(self, seq: int) -> Row:
        """Return one row. IndexError when there is none."""
        if not 1 <= seq <= len(self._starts):
            raise IndexError(seq)
        row: Row = orjson.loads(self._line(seq))
        return row

    def lines(self, wanted: Filter, after: int, rows_max: int) -> list[tuple[int, bytes]]:
        """Return up to `rows_max` rows numbered above `after`, in order, each with its number and as JSON."""
        return [(seq, self._line(seq)) for seq in islice(self._numbers(wanted, after), rows_max)]

    @property
    def last_seq(self) -> int:
        """Number of the last row; 0 when there is none."""
        return len(self._starts)

    @property
    def counts(self) -> dict[str, int]:
        """How many rows there are of each kind."""
        return dict(self._counts)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _line(self, seq: int) -> bytes:
        start = self._starts[seq - 1]
        end = self._starts[seq] if seq < len(self._starts) else self._end
        return os.pread(self._file, end - start - 1, start)

    def _numbers(self, wanted: Filter, after: int) -> Iterator[int]:
        numbers = range(after + 1, len(self._starts) + 1)
        if wanted == Filter():
            yield from numbers
            return
        for seq in numbers:
            service, kind, key = self._about[seq - 1]
            if wanted.key in (None, key) and wanted.kind in (None, kind) and wanted.service in (None, service):
                yield seq

    def _index(self, start: int, service: str, kind: str, key: str) -> None:
        self._starts.append(start)
        self._about.append((sys.intern(service), sys.intern(kind), key))
        self._counts[kind] += 1

    def _write(self, block: bytes) -> None:
        """Hand a block to the operating system; there it survives the end of this process."""
        try:
            written = os.pwrite(self._file, block, self._end)
        except OSError:
            os.ftruncate(self._file, self._end)
            raise
        if written != len(block):
            os.ftruncate(self._file, self._end)
            raise OSError("short write")
