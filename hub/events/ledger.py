"""The ledger of status events: what is told of each dossier, in what order and under which number."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import orjson
from pydantic import ValidationError

from hub.errors import ConfigInvalid
from hub.ports import Clock, DeliveryId, EventStore, Log, LoggedEvent, Projected, ProjectedBatch, Record
from hub.telemetry import logger
from schemas.delivery import CommandHeader
from schemas.envelope import Envelope
from schemas.event import EventKind
from schemas.topics import COMMANDS, EVENTS, OUTCOMES

_RECORDS = 500
_log = logger("events")


def _nobody() -> None:
    return


class EventLedger:
    """The `Projection` port for `hub.commands` and `hub.outcomes`, driven by whoever drives the other projections.

    Before it answers for a partition it learns from `hub.events` what has been told there, so that a store that was
    lost, or brought back from a copy, goes on with the right numbers. Before outcomes it applies the commands that
    they answer, for a dossier is accepted before it is delivered. `wake` is called when there is something to publish.

    ConfigInvalid when the three topics differ in their partitions: a dossier must have one partition in all of them.
    """

    def __init__(self, log: Log, store: EventStore, clock: Clock, *, wake: Callable[[], None] = _nobody) -> None:
        if len({log.partitions(topic) for topic in (COMMANDS, OUTCOMES, EVENTS)}) > 1:
            raise ConfigInvalid(f"{COMMANDS}, {OUTCOMES} and {EVENTS} must have the same number of partitions")
        self._log = log
        self._store = store
        self._clock = clock
        self._wake = wake
        self._learnt: set[int] = set()
        self._learning = asyncio.Lock()
        self._commands_to: dict[int, int] = {}

    async def next_offset(self, topic: str, partition: int) -> int:
        """See `Projection.next_offset`."""
        await self._learn(partition)
        return await self._store.next_offset(topic, partition)

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """See `Projection.apply`. Records of other topics tell nothing."""
        if topic not in (COMMANDS, OUTCOMES):
            return
        for partition in batches:
            await self._learn(partition)
        if topic == OUTCOMES:
            await self._apply_commands({partition: _answered(batch) for partition, batch in batches.items()})
        await self._store.apply(topic, batches)
        self._wake()

    async def note_late(self, delivery: DeliveryId, since: datetime) -> bool:
        """Tell that a delivery has been waiting since then. False when there is nothing (more) to tell."""
        noted = await self._store.note_late(delivery, since, self._clock.now())
        if noted:
            self._wake()
        return noted

    async def rebuild(self) -> None:
        """Learn what every partition of `hub.events` holds; what is known is not read again."""
        for partition in range(self._log.partitions(EVENTS)):
            await self._learn(partition)

    async def _learn(self, partition: int) -> None:
        if partition in self._learnt:
            return
        async with self._learning:
            at = await self._store.learnt_to(partition)
            end = (await self._log.bounds(EVENTS, partition)).end
            while at < end:
                records = await self._log.read(EVENTS, partition, at, _RECORDS)
                after = records[-1].offset + 1 if records else end
                await self._store.learn(partition, at, _logged(records), after)
                at = after
            self._learnt.add(partition)

    async def _apply_commands(self, ends: Mapping[int, int]) -> None:
        """Apply the commands of partitions up to an offset each, unless that was done; one batch of each at a time."""
        wanted = {partition: end for partition, end in ends.items() if self._commands_to.get(partition, 0) < end}
        at = {partition: await self._store.next_offset(COMMANDS, partition) for partition in wanted}
        while behind := [partition for partition, end in wanted.items() if at[partition] < end]:
            batches = {partition: batch for partition in behind if (batch := await self._commands(partition, at))}
            if not batches:
                break
            await self._store.apply(COMMANDS, batches)
            at.update({partition: batch.next_offset for partition, batch in batches.items()})
        self._commands_to.update(at)

    async def _commands(self, partition: int, at: Mapping[int, int]) -> ProjectedBatch | None:
        """Read the next commands of a partition; None when there are none."""
        records = await self._log.read(COMMANDS, partition, at[partition], _RECORDS)
        if not records:
            return None
        return ProjectedBatch(list(filter(None, map(_command, records))), records[-1].offset + 1, at[partition])


def _answered(batch: ProjectedBatch) -> int:
    """Return the offset after the last command that the outcomes answer."""
    return 1 + max((each.outcome.source_offset for each in batch.records if each.outcome is not None), default=-1)


def _command(record: Record) -> Projected | None:
    """Read a command; one that cannot be read was reported by the projector and is never delivered."""
    try:
        header = CommandHeader.model_validate_json(Envelope.from_bytes(record.value).header)
    except (ValidationError, ValueError):
        return None
    return Projected(record, command=header)


def _logged(records: Sequence[Record]) -> list[LoggedEvent]:
    """Read events of the log as far as the ledger needs them; fields of a newer hub do no harm."""
    events = []
    for record in records:
        try:
            events.append(_event(record))
        except (ValueError, KeyError, TypeError):
            _log.error("record_unreadable", topic=record.topic, partition=record.partition, offset=record.offset)
    return events


def _event(record: Record) -> LoggedEvent:
    said = orjson.loads(record.value)
    late, data = None, said["data"]
    if said["type"] == EventKind.LATE.type:
        late = DeliveryId(data["message_id"], data["operation"], int(data["part"]))
    return LoggedEvent(record.offset, str(said["id"]), str(said["subject"]), int(said["seq"]), late)
