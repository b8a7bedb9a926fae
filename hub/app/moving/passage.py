"""Records on their way: each partition is copied with its offsets, and can be gone on with at any time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from hub.app.moving.proof import Line, sum_of_records
from hub.ending import ended
from hub.errors import ConfigInvalid, Unavailable
from hub.log.kafka.replica import KafkaReplica, Place, chunk_of, milliseconds, padding_of
from hub.log.murmur import partition_for
from hub.log.sqlite.log import SqliteLog
from hub.ports import Bounds, Clock, Record

_READ_RECORDS_MAX = 2000
_COMPARED_RECORDS = 200
_TOGETHER = 4
_PATIENCE_S = 60.0
_LOOK_AGAIN_S = 0.2


class Passage:
    """Copies partitions of an embedded log to Kafka. Nothing may be appended on either side meanwhile.

    `copied` is called with the number of records that are known to be there. Errors: ConfigInvalid (the target holds
    something else, or the source is damaged), Unavailable (a disk or broker failed; begin again to go on).
    """

    def __init__(
        self,
        source: SqliteLog,
        target: KafkaReplica,
        producer_id: int,
        clock: Clock,
        copied: Callable[[int], None],
        *,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._source = source
        self._target = target
        self._producer_id = producer_id
        self._clock = clock
        self._copied = copied
        self._patience_s = patience_s

    async def carry(self, places: Iterable[Place]) -> None:
        """Copy partitions, a few at a time."""
        await several([partial(self._carry, place) for place in places])

    async def prove(self, places: Iterable[Place]) -> list[Line]:
        """Read partitions on both sides, and return what is there."""
        lines: list[Line] = []

        async def prove(place: Place) -> None:
            lines.append(await self._prove(place))

        await several([partial(prove, place) for place in places])
        return sorted(lines, key=lambda line: line.name)

    async def _prove(self, place: Place) -> Line:
        source, target = await self._source.bounds(*place), await self._target.bounds(place)
        return Line(
            f"{place[0]}/{place[1]}",
            await sum_of_records(lambda at: self._records(place, at), source),
            await sum_of_records(lambda at: self._target.read(place, at), target),
        )

    async def _carry(self, place: Place) -> None:
        held = await self._source.bounds(*place)
        at = await self._arrive(place, held)
        self._copied(max(0, at - held.start))
        since_s, known = self._clock.monotonic(), at
        while at < held.end:
            at, sure = await self._forward(place, held, at)
            if not sure:
                await self._clock.sleep(_LOOK_AGAIN_S)
                at = await self._arrive(place, held)
            if at > known:
                self._copied(max(0, at - max(known, held.start)))
                since_s, known = self._clock.monotonic(), at
            elif self._clock.monotonic() - since_s > self._patience_s:
                raise Unavailable(f"{place[0]}/{place[1]}: no broker has taken a record for {self._patience_s:.0f} s")
        if held.start:
            await self._target.trim(place, held.start)

    async def _arrive(self, place: Place, held: Bounds) -> int:
        """Return up to where the target has what the source has; it begins no later than the source does.

        ConfigInvalid when it holds anything else.
        """
        there = await self._target.bounds(place)
        if there.end > held.end or there.start > held.start:
            raise ConfigInvalid(
                f"{place[0]}/{place[1]}: the target holds the records {there.start} to {there.end}, the source "
                f"{held.start} to {held.end}. {ADVICE}"
            )
        first = max(there.start, held.start, there.end - _COMPARED_RECORDS)
        if first < there.end:
            await self._compare(place, first, there.end)
        return there.end

    async def _compare(self, place: Place, first: int, end: int) -> None:
        at = first
        while at < end:
            theirs = [record for record in await self._target.read(place, at) if record.offset < end]
            ours = await self._source.read(*place, at, len(theirs))
            for mine, other in zip(ours, theirs, strict=False):
                if _identity(mine) != _identity(other):
                    raise ConfigInvalid(
                        f"{place[0]}/{place[1]}: record {mine.offset} of the target is another one. {ADVICE}"
                    )
                at = mine.offset + 1

    async def _forward(self, place: Place, held: Bounds, at: int) -> tuple[int, bool]:
        """Write what comes next; return where it ends then, and whether that is sure."""
        if at < held.start:
            now = self._clock.now()
            chunk = padding_of(at, held.start, now, self._producer_id)
            return (chunk.end, True) if await self._target.write(place, chunk) else (at, False)
        records = await self._records(place, at)
        while records:
            chunk = chunk_of(records, self._producer_id)
            if not await self._target.write(place, chunk):
                return at, False
            records, at = records[chunk.end - at :], chunk.end
        return at, True

    async def _records(self, place: Place, at: int) -> Sequence[Record]:
        """Read the source, and see that nothing is missing and that every key lies where Kafka would put it."""
        topic, partition = place
        records = await self._source.read(topic, partition, at, _READ_RECORDS_MAX)
        count = self._source.partitions(topic)
        if not records:
            raise ConfigInvalid(f"{topic}/{partition}: record {at} is missing at the source; restore its copy")
        for offset, record in enumerate(records, at):
            if record.offset != offset:
                raise ConfigInvalid(f"{topic}/{partition}: record {offset} is missing at the source; restore its copy")
            if partition_for(record.key, count) != partition:
                raise ConfigInvalid(f"{topic}/{partition}: record {offset} does not belong into this partition")
        return records


ADVICE = "Name a Kafka whose topics are empty, or remove those of a move that was given up"


async def several(works: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Do a few things at a time until all are done; the first error ends the others."""
    waiting = iter(works)

    async def one_by_one() -> None:
        for work in waiting:
            await work()

    tasks = [asyncio.create_task(one_by_one()) for _ in range(_TOGETHER)]
    try:
        await asyncio.gather(*tasks)
    finally:
        await ended(*tasks)


def _identity(record: Record) -> tuple[int, int, bytes, bytes]:
    return record.offset, milliseconds(record.appended_at), record.key, record.value
