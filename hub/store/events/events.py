"""Status events: numbered in the transaction that reads their source, and kept until they lie in the log.

Whoever writes a partition's events locks its row in `event_partition` first, and partitions in rising order, so that
numbers have no gaps on databases with several writers either.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from hub.errors import HubFault
from hub.pipeline.status_events import EventDelivery, EventMessage, Told, late
from hub.ports import DeliveryId, LoggedEvent, OutboxEvent, Projected, ProjectedBatch
from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import among_bound, execute_many, upsert
from hub.store.events.memory import learn, leave_out_known
from hub.store.events.numbers import number
from hub.store.events.outbox import outbox, published
from hub.store.events.places import claim, ends, learnt_to, lock, next_offset, next_offsets, release

_MESSAGES = select(tables.event_message).where(among_bound(tables.event_message.c.message_id, "ids"))
_DELIVERIES = select(tables.event_delivery).where(among_bound(tables.event_delivery.c.message_id, "ids"))


class SqlEvents:
    """The `EventStore` port. `source` is the CloudEvents attribute: who tells."""

    def __init__(self, database: Database, source: str) -> None:
        self._database = database
        self._source = source

    async def next_offset(self, topic: str, partition: int) -> int:
        """See `EventStore.next_offset`."""
        return await self._database.read(lambda connection: next_offset(connection, topic, partition))

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """See `EventStore.apply`. Errors: those of `Database.write`; HubFault when a batch would leave a hole."""
        await self._database.write(lambda connection: apply(connection, topic, batches, self._source))

    async def note_late(self, delivery: DeliveryId, since: datetime, now: datetime) -> bool:
        """See `EventStore.note_late`."""
        return await self._database.write(lambda it: note_late(it, delivery, since, now, self._source))

    async def learnt_to(self, partition: int) -> int:
        """See `EventStore.learnt_to`."""
        return await self._database.read(lambda connection: learnt_to(connection, partition))

    async def learn(self, partition: int, start: int, events: Sequence[LoggedEvent], next_offset: int) -> None:
        """See `EventStore.learn`."""
        await self._database.write(lambda it: learn(it, partition, start, events, next_offset))

    async def claim(self, partitions: Collection[int], holder: str, now: datetime, until: datetime) -> Collection[int]:
        """See `EventStore.claim`."""
        return await self._database.write(lambda it: claim(it, partitions, holder, now, until))

    async def release(self, holder: str) -> None:
        """See `EventStore.release`."""
        await self._database.write(lambda connection: release(connection, holder))

    async def outbox(self, partitions: Collection[int], events_max: int) -> Sequence[OutboxEvent]:
        """See `EventStore.outbox`."""
        return await self._database.read(lambda connection: outbox(connection, partitions, events_max))

    async def published(self, events: Sequence[OutboxEvent], ends: Mapping[int, int]) -> None:
        """See `EventStore.published`. What another process removed before is passed over."""
        await self._database.write(lambda connection: published(connection, events, ends))

    async def ends(self) -> Mapping[tuple[str, int], int]:
        """Return what was seen of the log, per (topic, partition). One beyond the log's end: the log is older."""
        return await self._database.read(ends)


def apply(connection: Connection, topic: str, batches: Mapping[int, ProjectedBatch], source: str) -> None:
    """Number what the records tell, and move the offsets on."""
    places = lock(connection, batches)
    starts = next_offsets(connection, topic, batches)
    _refuse_holes(topic, batches, starts)
    fresh = [
        projected
        for partition, batch in batches.items()
        for projected in batch.records
        if projected.record.offset >= starts[partition]
    ]
    told = _told(connection, fresh)
    _enter(connection, told)
    number(connection, leave_out_known(connection, told.changes), source, places)
    moved = [
        {"topic": topic, "partition": partition, "next_offset": batch.next_offset}
        for partition, batch in batches.items()
        if batch.next_offset > starts[partition]
    ]
    execute_many(connection, upsert(connection, tables.event_source), moved)


def note_late(connection: Connection, delivery: DeliveryId, since: datetime, now: datetime, source: str) -> bool:
    """Number the event that tells of a late delivery, unless there is no need."""
    found = _messages(connection, [delivery.message_id])
    if not found:
        return False
    places = lock(connection, [found[0].partition])
    id_ = (delivery.message_id, delivery.operation, delivery.part)
    lines = {line[:3]: line for line in _deliveries(connection, [delivery.message_id])}
    line = lines.get(id_, EventDelivery(*id_))
    change = late(found[0], line, since, now)
    if change is None:
        return False
    execute_many(connection, upsert(connection, tables.event_delivery), [line._replace(late=True)])
    number(connection, [change], source, places)
    return True


def _refuse_holes(topic: str, batches: Mapping[int, ProjectedBatch], starts: Mapping[int, int]) -> None:
    for partition, batch in batches.items():
        if batch.start > starts[partition]:
            raise HubFault(f"{topic}/{partition}: events want offset {starts[partition]}, not {batch.start}")


def _told(connection: Connection, fresh: Sequence[Projected]) -> Told:
    """Fold the records over what was told before."""
    ids = list({header.message_id for each in fresh if (header := each.command or each.outcome) is not None})
    answered = list({each.outcome.message_id for each in fresh if each.outcome is not None})
    told = Told(_messages(connection, ids), _deliveries(connection, answered))
    for each in fresh:
        if each.command is not None:
            told.command(each.record, each.command)
        elif each.outcome is not None:
            told.outcome(each.record, each.outcome)
    return told


def _messages(connection: Connection, ids: Sequence[str]) -> Sequence[EventMessage]:
    return [EventMessage(*row) for row in connection.execute(_MESSAGES, {"ids": ids}).all()] if ids else ()


def _deliveries(connection: Connection, ids: Sequence[str]) -> Sequence[EventDelivery]:
    return [EventDelivery(*row) for row in connection.execute(_DELIVERIES, {"ids": ids}).all()] if ids else ()


def _enter(connection: Connection, told: Told) -> None:
    execute_many(connection, upsert(connection, tables.event_message), told.messages)
    execute_many(connection, upsert(connection, tables.event_delivery), told.deliveries)
