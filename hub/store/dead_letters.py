"""Deliveries that wait for a person, found among the open and the dead ones alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, TextClause, and_, func, or_, select, tuple_

from hub.ports import DeliveryId
from hub.ports.desk import Standing
from hub.store import tables
from hub.store.database import Database
from hub.store.dialect import among
from schemas.agency import AgencyCode
from schemas.dead_letter import DeadLetter, DeliveryFilter, LetterState
from schemas.delivery import DeliveryState
from schemas.dossier import DossierCode

_delivery, _message, _parked, _hop = tables.delivery.c, tables.message.c, tables.parked.c, tables.hop.c
_lines = tables.delivery.join(tables.message, _delivery.message_id == _message.message_id)
_ID = tuple_(_delivery.message_id, _delivery.operation, _delivery.part)
_BY_ID = (_delivery.message_id, _delivery.operation, _delivery.part)
_WAITS: Mapping[LetterState, ColumnElement[bool] | TextClause] = {
    LetterState.DEAD: tables.DEAD,
    LetterState.IN_DOUBT: and_(
        tables.OPEN, _delivery.state == DeliveryState.IN_DOUBT.value, _delivery.next_try_at.is_(None)
    ),
}
"""What the hub will do nothing about by itself. The index of open deliveries answers where its words stand."""


class SqlDeadLetters:
    """The `DeadLetterBox` port."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def letters(
        self,
        scope: AgencyCode,
        state: LetterState | None,
        wanted: DeliveryFilter,
        after: DeliveryId | None,
        letters_max: int,
    ) -> Sequence[DeadLetter]:
        """See `DeadLetterBox.letters`."""
        rows = await self._database.read(lambda it: waiting(it, scope, state, wanted, after, letters_max))
        return [_letter(row) for row in rows]

    async def standings(self, ids: Collection[DeliveryId]) -> Mapping[DeliveryId, Standing]:
        """See `DeadLetterBox.standings`."""
        return await self._database.read(lambda connection: standings(connection, ids))


def waiting(
    connection: Connection,
    scope: AgencyCode,
    state: LetterState | None,
    wanted: DeliveryFilter,
    after: DeliveryId | None,
    rows_max: int,
) -> Sequence[Row[Any]]:
    """Return deliveries that wait for a person, by id and so by age; one index answers for each state."""
    rows = [
        row
        for each in ([state] if state else LetterState)
        for row in connection.execute(_page(_matching(each, scope, wanted), after, rows_max))
    ]
    return sorted(rows, key=lambda row: (row.message_id, row.operation, row.part))[:rows_max]


def named(connection: Connection, scope: AgencyCode, state: LetterState, delivery: DeliveryId) -> Sequence[Row[Any]]:
    """Return the one delivery of that name, if it waits for a person in that state."""
    mine = (
        _delivery.message_id == delivery.message_id,
        _delivery.operation == delivery.operation,
        _delivery.part == delivery.part,
    )
    return connection.execute(_matching(state, scope, DeliveryFilter()).where(*mine)).all()


def within(agency: ColumnElement[str], scope: AgencyCode) -> ColumnElement[bool]:
    """Whether a canonical agency code is that of an agency or of one below it."""
    return or_(agency == str(scope), agency.like(f"{scope}.%"))


def standings(connection: Connection, ids: Collection[DeliveryId]) -> Mapping[DeliveryId, Standing]:
    """Return where deliveries stand, with their rows in the parking place."""
    messages = list({each.message_id for each in ids})
    heard = (
        select(_hop.message_id, _hop.operation, _hop.part, func.max(_hop.offset))
        .where(among(connection, _hop.message_id, messages))
        .group_by(_hop.message_id, _hop.operation, _hop.part)
    )
    heard_to = {DeliveryId(*row[:3]): row[3] for row in connection.execute(heard)}
    kept = select(_parked.message_id, _parked.operation, _parked.part, _parked.envelope).where(
        among(connection, _parked.message_id, messages), _parked.settled.is_(False)
    )
    envelopes = {DeliveryId(*row[:3]): row[3] for row in connection.execute(kept)}
    lines = (
        select(tables.delivery, _message.ordering_key, _message.partition, _message.offset)
        .select_from(_lines)
        .where(among(connection, _delivery.message_id, messages))
    )
    found = {DeliveryId(row.message_id, row.operation, row.part): row for row in connection.execute(lines)}
    return {
        each: Standing(
            id=each,
            platform=row.platform,
            of=row.of,
            index=row.place,
            state=DeliveryState(row.state),
            waits=_waits(row),
            ordering_key=row.ordering_key,
            partition=row.partition,
            offset=row.offset,
            heard_to=heard_to.get(each, -1),
            envelope=envelopes.get(each),
        )
        for each in ids
        if (row := found.get(each)) is not None
    }


def _waits(row: Row[Any]) -> LetterState | None:
    if row.state == DeliveryState.DEAD.value:
        return LetterState.DEAD
    doubted = row.state == DeliveryState.IN_DOUBT.value and row.next_try_at is None
    return LetterState.IN_DOUBT if doubted else None


def _matching(state: LetterState, scope: AgencyCode, wanted: DeliveryFilter) -> Select[Any]:
    return (
        select(
            tables.delivery,
            _message.ordering_key,
            _message.revision,
            _message.sender_agency,
            _message.sender_system,
            _message.received_at,
        )
        .select_from(_lines)
        .where(_WAITS[state])
        .where(within(_message.sender_agency, scope), *_conditions(wanted))
    )


def _conditions(wanted: DeliveryFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.platform is not None:
        yield _delivery.platform == wanted.platform
    if wanted.operation is not None:
        yield _delivery.operation == wanted.operation
    if wanted.code is not None:
        yield _delivery.code == wanted.code
    if wanted.agency_code is not None:
        yield within(_message.sender_agency, wanted.agency_code)
    if wanted.dossier is not None:
        yield _message.ordering_key == str(DossierCode.parse(wanted.dossier))
    if wanted.accepted_from is not None:
        yield _message.received_at >= wanted.accepted_from
    if wanted.accepted_before is not None:
        yield _message.received_at < wanted.accepted_before


def _page(matching: Select[Any], after: DeliveryId | None, rows_max: int) -> Select[Any]:
    page = matching.order_by(*_BY_ID).limit(rows_max)
    return page if after is None else page.where(tuple_(after.message_id, after.operation, after.part) < _ID)


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        message_id=row.message_id,
        operation=row.operation,
        part=row.part,
        of=row.of,
        platform=row.platform,
        state=DeliveryState(row.state),
        dossier_code=row.ordering_key,
        revision=row.revision,
        agency=row.sender_agency,
        system=row.sender_system,
        accepted_at=row.received_at,
        attempts=row.attempts,
        code=row.code,
        possibly_doubled=row.possibly_doubled,
    )
