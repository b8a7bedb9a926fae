"""The highest revision of each dossier that a partition has shown lately.

Processes that accept revisions of one dossier at the same moment may append them in the wrong order; what lies behind a
newer revision must not be sent after it. Such two lie seconds apart, so what the last minute showed is enough.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import timedelta

from hub.delivery.tries.command import read_header
from hub.errors import Unsealable
from hub.ports import Clock, Log, Record
from schemas.delivery import CommandHeader, MessageKind

DOSSIERS_MAX = 10_000
BACK = timedelta(seconds=60)
"""How far apart, at most, two appends may lie that were under way at the same moment."""

_BATCH_RECORDS = 500
_REVISED = frozenset({MessageKind.DOSSIER, MessageKind.WITHDRAWAL})


class Revisions:
    """Remembers the dossiers seen last, `dossiers_max` of them."""

    def __init__(self, dossiers_max: int = DOSSIERS_MAX) -> None:
        self._dossiers_max = dossiers_max
        self._highest: OrderedDict[str, int] = OrderedDict()

    def overtaken(self, header: CommandHeader) -> bool:
        """Note a record. Whether an earlier one has a higher revision of the dossier."""
        if header.kind not in _REVISED:
            return False
        revision = header.revision
        highest = max(self._highest.pop(header.ordering_key, revision), revision)
        self._highest[header.ordering_key] = highest
        if len(self._highest) > self._dossiers_max:
            self._highest.popitem(last=False)
        return highest > revision


async def look_back(log: Log, clock: Clock, topic: str, partition: int, committed: int) -> Revisions:
    """Return what the last records below `committed` showed: as much as whoever comes next could be behind.

    Errors: those of the log.
    """
    revisions = Revisions()
    ahead = await log.read(topic, partition, committed, 1)
    since = (ahead[0].appended_at if ahead else clock.now()) - BACK
    seen = 0
    async for batch in _backwards(log, topic, partition, committed):
        for record in batch:
            _note(revisions, record)
        seen += len(batch)
        if batch[0].appended_at < since or seen > DOSSIERS_MAX - _BATCH_RECORDS:
            break
    return revisions


async def _backwards(log: Log, topic: str, partition: int, end: int) -> AsyncIterator[list[Record]]:
    start = (await log.bounds(topic, partition)).start
    while end > start:
        begin = max(start, end - _BATCH_RECORDS)
        if batch := await _between(log, topic, partition, begin, end):
            yield batch
        end = begin


async def _between(log: Log, topic: str, partition: int, begin: int, end: int) -> list[Record]:
    """Read a stretch, in as many answers as it takes: one may be cut short by size."""
    stretch: list[Record] = []
    while begin < end:
        records = [
            record for record in await log.read(topic, partition, begin, end - begin) if begin <= record.offset < end
        ]
        if not records:
            break
        stretch += records
        begin = records[-1].offset + 1
    return stretch


def _note(revisions: Revisions, record: Record) -> None:
    try:
        header = read_header(record.value)
    except Unsealable:
        return
    revisions.overtaken(header)
