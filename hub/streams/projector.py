"""Brings one projection up to the end of the log: from what others fetched, or from what it reads itself."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from pydantic import ValidationError

from hub.errors import HubFault
from hub.ports import Clock, Log, Projected, ProjectedBatch, Projection, ReadModels, Record
from hub.telemetry import Metrics, logger
from schemas.audit import AuditRecord
from schemas.delivery import CommandHeader, OutcomeHeader
from schemas.envelope import Envelope
from schemas.topics import AUDIT, COMMANDS, OUTCOMES

_BATCH_RECORDS = 500
_IDLE_S = 1.0
_RETRY_S = 1.0
_NOTHING_READ_S = 0.05
_log = logger("projector")


def fetched(topic: str, records: Sequence[Record]) -> ProjectedBatch:
    """Decode consecutive records of one partition, at least one."""
    return _batch_from(topic, records[0].offset, records)


class Projector:
    """Reads topics and applies them. A replay changes nothing, for each batch carries its offset.

    Several tasks may call it at a time: batches of a topic are applied one after the other. Other processes may bring
    the same projection forward meanwhile.

    `pace_s` is the pause between two rounds: a short one makes fresh read models, a longer one larger transactions.
    A projection that is not `shared` belongs to this process: others have one of their own.
    """

    def __init__(
        self,
        log: Log,
        projection: Projection,
        clock: Clock,
        metrics: Metrics,
        *,
        pace_s: float = 0.1,
        shared: bool = True,
    ) -> None:
        self.shared = shared
        self._log = log
        self._projection = projection
        self._clock = clock
        self._metrics = metrics
        self._pace_s = pace_s
        self._locks: dict[str, asyncio.Lock] = {}
        self._next: dict[tuple[str, int], int] = {}

    async def catch_up(self, topic: str, partition: int) -> None:
        """Apply what the partition holds at the time of the call."""
        end = (await self._log.bounds(topic, partition)).end
        if await self.position(topic, partition) < end:
            await self.look_again(topic, partition)
        while await self.position(topic, partition) < end:
            moved = await self._forward(topic, [partition])
            if not moved and await self.position(topic, partition) < end:
                await self._clock.sleep(_NOTHING_READ_S)

    async def offer(self, topic: str, offered: Mapping[int, ProjectedBatch]) -> None:
        """Apply, per partition, what somebody fetched: known records are passed over, missing ones are read first."""
        async with self._lock(topic):
            at = {partition: await self.position(topic, partition) for partition in offered}
            fitting = {
                partition: batch
                for partition, batch in offered.items()
                if batch.start <= at[partition] < batch.next_offset
            }
            await self._apply(topic, fitting)
        for partition, batch in offered.items():
            if at[partition] < batch.start:
                await self.catch_up(topic, partition)

    async def run(self, topic: str) -> None:
        """Keep a topic projected until cancelled; a store that cannot write is tried again."""
        while True:
            try:
                moved = await self._round(topic)
            except HubFault as fault:
                _log.warning("projection_waits", topic=topic, code=fault.problem_code)
                await self._clock.sleep(_RETRY_S)
                continue
            if moved:
                await self._clock.sleep(self._pace_s)
            else:
                await self._log.wait(topic, _IDLE_S)

    async def _round(self, topic: str) -> int:
        moved = await self._forward(topic, range(self._log.partitions(topic)))
        self._metrics.projection_lag_records.set(await self.lag_records(topic), topic)
        return moved

    async def lag_records(self, topic: str) -> int:
        """Return how many records of the topic are not projected yet."""
        lag = 0
        for partition in range(self._log.partitions(topic)):
            end = (await self._log.bounds(topic, partition)).end
            lag += max(0, end - await self.position(topic, partition))
        return lag

    async def look_again(self, topic: str, partition: int) -> int:
        """Return the next offset that the projection wants: another process may have brought it forward."""
        at = await self._projection.next_offset(topic, partition)
        return self._moved(topic, partition, at)

    async def position(self, topic: str, partition: int) -> int:
        """Return the next offset that the projection wants, as far as this process knows; it may be further."""
        at = self._next.get((topic, partition))
        return await self.look_again(topic, partition) if at is None else at

    def _moved(self, topic: str, partition: int, to: int) -> int:
        at = self._next[topic, partition] = max(to, self._next.get((topic, partition), 0))
        return at

    async def _forward(self, topic: str, partitions: Iterable[int]) -> int:
        """Apply one batch of each partition, all in one transaction. Return how many partitions moved."""
        async with self._lock(topic):
            batches = {
                partition: batch
                for partition in partitions
                if (batch := await self._batch(topic, partition)) is not None
            }
            await self._apply(topic, batches)
            return len(batches)

    async def _apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        try:
            if batches:
                await self._projection.apply(topic, batches)
        except HubFault:
            # It may have happened, or the store may be another one by now: nothing is known any more.
            for partition in batches:
                self._next.pop((topic, partition), None)
            raise
        for partition, batch in batches.items():
            self._moved(topic, partition, batch.next_offset)

    def _lock(self, topic: str) -> asyncio.Lock:
        return self._locks.setdefault(topic, asyncio.Lock())

    async def _batch(self, topic: str, partition: int) -> ProjectedBatch | None:
        at = await self.position(topic, partition)
        if (await self._log.bounds(topic, partition)).end <= at:
            return None
        records = await self._log.read(topic, partition, at, _BATCH_RECORDS)
        return _batch_from(topic, at, records) if records else None


class Repeats:
    """Tells whether a message that was appended again is already in the log."""

    def __init__(self, projector: Projector, models: ReadModels) -> None:
        self._projector = projector
        self._models = models

    async def is_repeat(self, record: Record, header: CommandHeader) -> bool:
        """Whether an earlier record of the partition carries the same message."""
        await self._projector.catch_up(COMMANDS, record.partition)
        first = await self._models.first_offset(header.message_id)
        return first is not None and first < record.offset


def _batch_from(topic: str, start: int, records: Sequence[Record]) -> ProjectedBatch:
    return ProjectedBatch(_projected(topic, records), records[-1].offset + 1, start)


def _projected(topic: str, records: Sequence[Record]) -> list[Projected]:
    """Decode a batch; what cannot be read is reported and passed over, for it must not stop the rest."""
    read = _READERS[topic]
    batch = []
    for record in records:
        try:
            batch.append(read(record))
        except (ValidationError, ValueError):
            _log.error("record_unreadable", topic=topic, partition=record.partition, offset=record.offset)
    return batch


def _command(record: Record) -> Projected:
    return Projected(record, command=CommandHeader.model_validate_json(Envelope.from_bytes(record.value).header))


def _outcome(record: Record) -> Projected:
    return Projected(record, outcome=OutcomeHeader.model_validate_json(Envelope.from_bytes(record.value).header))


def _audit(record: Record) -> Projected:
    return Projected(record, audit=AuditRecord.model_validate_json(record.value))


_READERS: dict[str, Callable[[Record], Projected]] = {COMMANDS: _command, OUTCOMES: _outcome, AUDIT: _audit}
