"""The projection of the log: rows and offset in one transaction, so that a replay changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, select

from hub.errors import HubFault
from hub.ports import ProjectedBatch, Record
from hub.store import inbox, tables, tally
from hub.store.database import Database
from hub.store.dialect import Row, Turn, among_bound, empty, execute_many, insert_missing, take_turns, upsert
from hub.store.ledger import Ledger, LedgerLine
from schemas.audit import AuditRecord
from schemas.delivery import CommandHeader, MessageKind, OutcomeHeader
from schemas.envelope import Envelope

BUILT = (tables.message, tables.delivery, tables.hop, tables.audit, tables.tally)
"""The tables whose rows come from the log alone."""

_row = tables.projection.c

# Statements are made once: putting one together costs more than running it.
_STARTS = (
    select(_row.partition, _row.next_offset)
    .where(_row.topic == bindparam("its_topic"), among_bound(_row.partition, "partitions"))
    .order_by(_row.partition)
    .with_for_update()
)
_KNOWN = select(tables.message.c.message_id).where(among_bound(tables.message.c.message_id, "ids"))
_LINES = select(tables.delivery).where(among_bound(tables.delivery.c.message_id, "ids"))


class SqlProjection:
    """The `Projection` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_offset(self, topic: str, partition: int) -> int:
        """See `Projection.next_offset`."""
        return await self._database.read(lambda connection: next_offset(connection, topic, partition))

    async def apply(self, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
        """See `Projection.apply`. Errors: Unavailable, WriteInDoubt, Overloaded, HubFault (a hole)."""
        await self._database.write(lambda connection: apply(connection, topic, batches))

    async def ends(self) -> Mapping[tuple[str, int], int]:
        """Return the next offset per (topic, partition). One beyond the log's end means that the log is older."""
        return await self._database.read(ends)

    async def reset(self) -> None:
        """Forget everything that `apply` builds again from the start of the log; see `reset`.

        For a hub that stands still: a worker that takes a partition over asks the ledger what was delivered.
        """
        await self._database.write(reset)


def next_offset(connection: Connection, topic: str, partition: int) -> int:
    """Return the next offset that the projection wants; 0 when nothing was projected."""
    return connection.execute(_wanted(topic, partition)).scalar() or 0


def ends(connection: Connection) -> Mapping[tuple[str, int], int]:
    """Return the next offset per (topic, partition)."""
    return {(row.topic, row.partition): row.next_offset for row in connection.execute(select(tables.projection))}


def apply(connection: Connection, topic: str, batches: Mapping[int, ProjectedBatch]) -> None:
    """Write the rows of the records that were not applied before, and the next offsets.

    Locks are taken in one order: offsets, turns at the ledger, counts, heads of dossiers. So no two processes wait for
    each other in a ring.
    """
    starts = _starts(connection, topic, batches)
    _refuse_hole(topic, starts, batches)
    fresh = [
        projected
        for partition, batch in batches.items()
        for projected in batch.records
        if projected.record.offset >= starts[partition]
    ]
    commands = [(each.record, each.command) for each in fresh if each.command is not None]
    outcomes = [(each.record, each.outcome) for each in fresh if each.outcome is not None]
    audits = [(each.record, each.audit) for each in fresh if each.audit is not None]
    if commands:
        _apply_commands(connection, commands)
    if outcomes:
        _apply_outcomes(connection, outcomes)
    if audits:
        _insert(connection, tables.audit, [_audit_row(record, audit) for record, audit in audits])
    ends = [
        {"topic": topic, "partition": partition, "next_offset": batch.next_offset}
        for partition, batch in batches.items()
        if batch.next_offset > starts[partition]
    ]
    execute_many(connection, upsert(connection, tables.projection), ends)


def reset(connection: Connection) -> None:
    """Forget all rows and offsets that come from the log alone.

    The heads of dossiers and what the inbox knows as accepted stay: they only rise, and requests need them meanwhile.
    Whoever applies a batch that it read before is refused, for it would leave a hole.
    """
    empty(connection, (tables.projection, *BUILT))


def _starts(connection: Connection, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """Return where each partition's projection stands. Until the end of the transaction nobody else moves it."""
    wanted = sorted(partitions)
    starts = _locked_starts(connection, topic, wanted)
    missing = [partition for partition in wanted if partition not in starts]
    if missing:
        rows = [{"topic": topic, "partition": partition, "next_offset": 0} for partition in missing]
        _insert(connection, tables.projection, rows)
        starts |= _locked_starts(connection, topic, missing)
    return starts


def _locked_starts(connection: Connection, topic: str, partitions: Sequence[int]) -> dict[int, int]:
    rows = connection.execute(_STARTS, {"its_topic": topic, "partitions": partitions}).all()
    return {partition: offset for partition, offset in rows}  # noqa: C416 - rows are not tuples to the type checker


def _refuse_hole(topic: str, starts: Mapping[int, int], batches: Mapping[int, ProjectedBatch]) -> None:
    for partition, batch in batches.items():
        if batch.start > starts[partition]:
            raise HubFault(f"{topic}/{partition}: a batch from {batch.start}, where {starts[partition]} is wanted next")


def _wanted(topic: str, partition: int) -> Select[int]:
    return select(_row.next_offset).where(_row.topic == topic, _row.partition == partition)


def _apply_commands(connection: Connection, commands: Sequence[tuple[Record, CommandHeader]]) -> None:
    take_turns(connection, Turn.LEDGER, {record.partition for record, _ in commands})
    ids = list({header.message_id for _, header in commands})
    known = set(connection.scalars(_KNOWN, {"ids": ids}).all())
    ledger = _ledger(connection, ids)
    firsts: dict[str, tuple[Record, CommandHeader]] = {}
    for record, header in commands:
        if header.message_id in known or header.message_id in firsts:
            ledger.plan_again(header, record.offset)
        else:
            firsts[header.message_id] = (record, header)
            ledger.plan(header, record.partition, record.offset)
    _insert(connection, tables.message, [_message_row(record, header) for record, header in firsts.values()])
    states = [header for _, header in firsts.values() if header.kind != MessageKind.RULING]
    _save(connection, ledger, accepted=len(states))
    _raise_heads(connection, states)
    inbox.accept(connection, ids)


def _apply_outcomes(connection: Connection, outcomes: Sequence[tuple[Record, OutcomeHeader]]) -> None:
    take_turns(connection, Turn.LEDGER, {header.source_partition for _, header in outcomes})
    ledger = _ledger(connection, list({header.message_id for _, header in outcomes}))
    for _, header in outcomes:
        if header.ruling != header.message_id:
            ledger.note(header)
    _insert(connection, tables.hop, [_hop_row(record, header) for record, header in outcomes])
    _save(connection, ledger)


def _ledger(connection: Connection, message_ids: Sequence[str]) -> Ledger:
    """Load the lines of the messages. All lines of a message belong to one partition, whose turn this is."""
    return Ledger(LedgerLine(*row) for row in connection.execute(_LINES, {"ids": message_ids}).all())


def _save(connection: Connection, ledger: Ledger, accepted: int = 0) -> None:
    """Write what changed, and the counts with it."""
    execute_many(connection, upsert(connection, tables.delivery), ledger.changed)
    differences = ledger.differences
    differences[tally.ACCEPTED] += accepted
    tally.add(connection, differences)


def _raise_heads(connection: Connection, headers: Sequence[CommandHeader]) -> None:
    """Raise the revisions of dossiers that the inbox did not see, as after a loss of the store.

    Only those are locked: requests of all others go on.
    """
    behind = set(_raised(headers, inbox.dossier_heads(connection, {header.ordering_key for header in headers})))
    if behind:
        locked = inbox.locked_heads(connection, behind)
        raised = _raised([header for header in headers if header.ordering_key in behind], locked)
        inbox.raise_heads(connection, raised, set(locked))


def _raised(headers: Iterable[CommandHeader], heads: Mapping[str, tuple[str, int]]) -> dict[str, tuple[str, int]]:
    raised: dict[str, tuple[str, int]] = {}
    for header in headers:
        key = header.ordering_key
        code_as_given, revision = raised.get(key) or heads.get(key) or (header.code_as_given or key, 0)
        if header.revision > revision:
            raised[key] = (code_as_given, header.revision)
    return raised


def _insert(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Insert rows; what is there stays."""
    execute_many(connection, insert_missing(connection, table), rows)


def _message_row(record: Record, header: CommandHeader) -> dict[str, Any]:
    return {
        "message_id": header.message_id,
        "kind": header.kind,
        "ordering_key": header.ordering_key,
        "sender_agency": header.sender_agency,
        "sender_system": header.sender_system,
        "revision": header.revision,
        "received_at": header.received_at,
        "partition": record.partition,
        "offset": record.offset,
    }


def _hop_row(record: Record, header: OutcomeHeader) -> dict[str, Any]:
    return {
        "partition": record.partition,
        "offset": record.offset,
        "message_id": header.message_id,
        "operation": header.operation,
        "platform": header.platform,
        "part": header.part,
        "attempt": header.attempt,
        "step": header.step.value,
        "state": header.state.value,
        "outcome_class": header.outcome_class and header.outcome_class.value,
        "code": header.code,
        "started_at": header.started_at,
        "finished_at": header.finished_at,
        "next_try_at": header.next_try_at,
        "possibly_doubled": header.possibly_doubled,
        "sealed": record.value if Envelope.from_bytes(record.value).body else None,
        "ruling": header.ruling,
    }


def _audit_row(record: Record, audit: AuditRecord) -> dict[str, Any]:
    row = {"partition": record.partition, "offset": record.offset}
    return row | audit.model_dump() | {"event": audit.event.value}
