"""What was compared: counts and digests, one line per partition and per table."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from struct import pack
from typing import Any

from hub.log.kafka.replica import milliseconds
from hub.ports import Bounds, Record

_DIGEST_BITS = 256
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Sum:
    """How many there are, and a digest of them all."""

    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on both sides."""

    name: str
    source: Sum
    target: Sum

    @property
    def equal(self) -> bool:
        """Whether both sides have the same."""
        return self.source == self.target


async def sum_of_records(read: Callable[[int], Awaitable[Sequence[Record]]], held: Bounds) -> Sum:
    """Read a partition from start to end; `read` returns records from an offset on. Offsets and times count too."""
    digest, at = sha256(), held.start
    while at < held.end:
        for record in await read(at):
            if record.offset >= held.end:
                break
            _add(digest, record)
            at = record.offset + 1
    digest.update(pack(">QQ", held.start, held.end))
    return Sum(held.end - held.start, digest.hexdigest())


def _add(digest: Any, record: Record) -> None:
    sizes = len(record.key), len(record.value)
    digest.update(pack(">QqII", record.offset, milliseconds(record.appended_at), *sizes))
    digest.update(record.key)
    digest.update(record.value)


class RowSum:
    """Adds up rows in whatever order they come: databases sort texts differently."""

    def __init__(self) -> None:
        self._count = 0
        self._total = 0

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows, whose values are of the same types on both sides."""
        for row in rows:
            self._count += 1
            self._total += int.from_bytes(sha256(repr(row).encode()).digest())

    @property
    def sum(self) -> Sum:
        """What was added up."""
        return Sum(self._count, f"{self._total % 2**_DIGEST_BITS:064x}")


def table(lines: Sequence[Line]) -> str:
    """Return the comparison as text for people."""
    width = max((len(line.name) for line in lines), default=0)
    rows = [f"{'':{width}}  {'source':>12} {'target':>12}  {'digest':<{_SHOWN}}"]
    for line in lines:
        digest = line.source.digest[:_SHOWN] if line.equal else "DIFFERS"
        rows.append(f"{line.name:{width}}  {line.source.count:>12,} {line.target.count:>12,}  {digest}")
    return "\n".join(rows)
