"""The timeline of a dossier: its messages with their deliveries and everything that happened to them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Table, select

from hub.store import tables
from schemas.delivery import DeliveryState, OutcomeClass, Step
from schemas.timeline import DeliveryLine, Hop, MessageLine, Timeline

MESSAGES_MAX = 1000
"""A timeline tells the newest messages of a dossier."""

HOPS_MAX = 5000
"""A timeline tells the newest hops of its messages."""

Reasons = Mapping[bytes, str]
"""What platforms said, by the sealed envelope that held it."""

_EVENTS = {Step.SEND: "tried", Step.INQUIRE: "inquired"}


@dataclass(frozen=True, slots=True)
class DossierRows:
    """The rows of one dossier: messages in the order of acceptance, deliveries and hops by message in their order."""

    messages: Sequence[Row[Any]]
    deliveries: Mapping[str, Sequence[Row[Any]]]
    hops: Mapping[str, Sequence[Row[Any]]]

    @property
    def sealed(self) -> Iterable[bytes]:
        """The envelopes of what platforms said."""
        return (hop.sealed for hops in self.hops.values() for hop in hops if hop.sealed is not None)


def dossier_rows(connection: Connection, ordering_key: str) -> DossierRows | None:
    """Read the rows of a dossier; None when no message of it was seen in the log."""
    message, delivery, hop = tables.message, tables.delivery, tables.hop
    messages = _newest(connection, message, message.c.ordering_key == ordering_key, MESSAGES_MAX)
    if not messages:
        return None
    ids = [row.message_id for row in messages]
    lines = select(delivery).where(delivery.c.message_id.in_(ids)).order_by(delivery.c.place, delivery.c.part)
    hops = _newest(connection, hop, hop.c.message_id.in_(ids), HOPS_MAX)
    return DossierRows(messages, _by_message(connection.execute(lines)), _by_message(hops))


def timeline(ordering_key: str, rows: DossierRows, reasons: Reasons) -> Timeline:
    """Tell the rows as a timeline; a hop whose reason is not among `reasons` has none."""
    return Timeline(dossier_code=ordering_key, messages=tuple(_message(row, rows, reasons) for row in rows.messages))


def _newest(connection: Connection, table: Table, wanted: ColumnElement[bool], rows_max: int) -> Sequence[Row[Any]]:
    """Return the last rows by their place in the log, oldest first."""
    newest = select(table).where(wanted).order_by(table.c.partition.desc(), table.c.offset.desc()).limit(rows_max)
    return connection.execute(newest).all()[::-1]


def _by_message(rows: Iterable[Row[Any]]) -> Mapping[str, Sequence[Row[Any]]]:
    groups: dict[str, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(row.message_id, []).append(row)
    return groups


def _message(row: Row[Any], rows: DossierRows, reasons: Reasons) -> MessageLine:
    accepted = Hop(at=row.received_at, event="accepted")
    return MessageLine(
        message_id=row.message_id,
        kind=row.kind,
        revision=row.revision,
        sender_agency=row.sender_agency,
        sender_system=row.sender_system,
        accepted_at=row.received_at,
        deliveries=tuple(_delivery(line) for line in rows.deliveries.get(row.message_id, ())),
        hops=(accepted, *(_hop(hop, reasons) for hop in rows.hops.get(row.message_id, ()))),
    )


def _delivery(row: Row[Any]) -> DeliveryLine:
    return DeliveryLine(
        operation=row.operation,
        platform=row.platform,
        part=row.part,
        of=row.of,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        code=row.code or None,
        next_try_at=row.next_try_at,
        possibly_doubled=row.possibly_doubled,
    )


def _hop(row: Row[Any], reasons: Reasons) -> Hop:
    step = Step(row.step)
    return Hop(
        at=row.finished_at,
        event=_EVENTS.get(step, row.state),
        platform=row.platform,
        operation=row.operation,
        part=row.part,
        attempt=row.attempt,
        step=step,
        state=DeliveryState(row.state),
        outcome_class=OutcomeClass(row.outcome_class) if row.outcome_class else None,
        code=row.code or None,
        started_at=row.started_at,
        next_try_at=row.next_try_at,
        possibly_doubled=row.possibly_doubled,
        reason=reasons.get(row.sealed) if row.sealed else None,
    )
