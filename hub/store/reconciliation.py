"""Runs of the reconciliation, and what they find."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, func, select, update

from hub.errors import StaleOwner
from hub.ports import DeliveryId, DossierFacts, Found, RunStep
from hub.store.database import Database
from hub.store.dialect import Turn, conflict_insert, take_turns, upsert
from hub.store.reconciliation_facts import candidates, facts
from hub.store.tables import reconciliation, reconciliation_difference
from schemas.reconciliation import Cause, CauseCount, Difference, Follows, Reconciliation, RunState, StopReason

_run, _found = reconciliation.c, reconciliation_difference.c
_ENDED = tuple(state.value for state in RunState if state.final)


class SqlReconciliation:
    """The ports `ReconciliationRuns` and `ReconciliationStore`. Errors of all verbs: those of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def order(self, run: Reconciliation, after: str = "") -> Reconciliation:
        """See `ReconciliationRuns.order`."""
        return await self._database.write(lambda connection: _order(connection, run, after))

    async def claim(self, holder: str, now: datetime, until: datetime) -> tuple[Reconciliation, str] | None:
        """See `ReconciliationStore.claim`."""
        if not await self._database.read(_waits):  # a look is cheaper than a turn at writing
            return None
        return await self._database.write(lambda connection: _claim(connection, holder, now, until))

    async def step(self, run_id: str, holder: str, until: datetime, step: RunStep, found: Sequence[Found] = ()) -> None:
        """See `ReconciliationStore.step`."""
        await self._database.write(lambda connection: _step(connection, run_id, holder, until, step, found))

    async def enter(
        self, run_id: str, holder: str, state: RunState, now: datetime, reason: StopReason | None = None
    ) -> None:
        """See `ReconciliationStore.enter`."""
        await self._database.write(lambda connection: _enter(connection, run_id, holder, state, now, reason))

    async def release(self, run_id: str, holder: str) -> None:
        """See `ReconciliationStore.release`."""
        mine = _mine(run_id, holder).values(holder="", held_until=None)
        await self._database.write(lambda connection: connection.execute(mine).rowcount)

    async def run(self, run_id: str) -> Reconciliation | None:
        """See `ReconciliationRuns.run`."""
        return await self._database.read(lambda connection: _read(connection, run_id))

    async def runs(self, runs_max: int) -> Sequence[Reconciliation]:
        """See `ReconciliationRuns.runs`."""
        return await self._database.read(lambda connection: _newest(connection, runs_max))

    async def place(self, run_id: str) -> str:
        """See `ReconciliationStore.place`."""
        wanted = select(_run.after).where(_run.run_id == run_id)
        return await self._database.read(lambda connection: connection.scalar(wanted) or "")

    async def differences(self, run_id: str, after: str, differences_max: int) -> Sequence[Difference]:
        """See `ReconciliationRuns.differences`."""
        wanted = (
            select(reconciliation_difference)
            .where(_found.run_id == run_id, _found.ordering_key > after)
            .order_by(_found.ordering_key)
            .limit(differences_max)
        )
        return await self._database.read(lambda it: [_difference(row) for row in it.execute(wanted)])

    async def to_resend(self, run_id: str, founds_max: int) -> Sequence[Found]:
        """See `ReconciliationStore.to_resend`."""
        wanted = (
            select(reconciliation_difference)
            .where(_found.run_id == run_id, _found.follows == Follows.TO_RESEND.value)
            .order_by(_found.ordering_key)
            .limit(founds_max)
        )
        return await self._database.read(lambda it: [_found_of(row) for row in it.execute(wanted)])

    async def settle(self, run_id: str, holder: str, until: datetime, ordering_key: str, follows: Follows) -> None:
        """See `ReconciliationStore.settle`."""
        await self._database.write(lambda it: _settle(it, run_id, holder, until, ordering_key, follows))

    async def candidates(
        self, operation: str, since: datetime, until: datetime, after: str, rows_max: int
    ) -> Sequence[tuple[str, str]]:
        """See `ReconciliationStore.candidates`."""
        return await self._database.read(lambda it: candidates(it, operation, since, until, after, rows_max))

    async def facts(self, ordering_key: str, operation: str, platform: str) -> DossierFacts | None:
        """See `ReconciliationStore.facts`."""
        return await self._database.read(lambda connection: facts(connection, ordering_key, operation, platform))


def _order(connection: Connection, run: Reconciliation, after: str) -> Reconciliation:
    insert = conflict_insert(connection, reconciliation).on_conflict_do_nothing()
    connection.execute(insert, {**_columns(run), "after": after, "holder": "", "held_until": None})
    return _told(connection, connection.execute(select(reconciliation).where(_run.run_id == run.id)).one())


def _waits(connection: Connection) -> bool:
    return connection.scalar(select(_run.run_id).where(_run.state.not_in(_ENDED)).limit(1)) is not None


def _claim(connection: Connection, holder: str, now: datetime, until: datetime) -> tuple[Reconciliation, str] | None:
    """Take the oldest run, unless somebody works on one: two at a time would ask twice as fast as was said.

    A claim that ends later than any that could be made now was made by a clock that ran ahead, and does not bind.
    """
    take_turns(connection, Turn.RECONCILIATION)
    open_ = select(reconciliation).where(_run.state.not_in(_ENDED)).order_by(_run.requested_at, _run.run_id)
    rows = connection.execute(open_).all()
    latest = until + (until - now)
    if not rows or any(row.holder not in ("", holder) and now < row.held_until <= latest for row in rows):
        return None
    row = next((row for row in rows if row.holder == holder), rows[0])
    connection.execute(update(reconciliation).where(_run.run_id == row.run_id).values(holder=holder, held_until=until))
    return _told(connection, row), row.after


def _step(
    connection: Connection, run_id: str, holder: str, until: datetime, step: RunStep, found: Sequence[Found]
) -> None:
    _require(
        connection,
        _mine(run_id, holder).values(
            held_until=until,
            after=step.after,
            calls=_run.calls + step.calls,
            compared=_run.compared + step.compared,
            alike=_run.alike + step.alike,
            in_progress=_run.in_progress + step.in_progress,
        ),
    )
    if found:
        rows = [_found_columns(run_id, each) for each in found]
        connection.execute(upsert(connection, reconciliation_difference), rows)


def _enter(
    connection: Connection, run_id: str, holder: str, state: RunState, now: datetime, reason: StopReason | None
) -> None:
    changed: dict[str, Any] = {"state": state.value}
    if reason is not None:
        changed["reason"] = reason.value
    if state.final:
        changed |= {"finished_at": now, "holder": "", "held_until": None}
    _require(connection, _mine(run_id, holder).values(changed))


def _settle(
    connection: Connection, run_id: str, holder: str, until: datetime, ordering_key: str, follows: Follows
) -> None:
    _require(connection, _mine(run_id, holder).values(held_until=until))
    mine = _found.run_id == run_id, _found.ordering_key == ordering_key
    connection.execute(update(reconciliation_difference).where(*mine).values(follows=follows.value))


def _mine(run_id: str, holder: str) -> Update:
    return update(reconciliation).where(_run.run_id == run_id, _run.holder == holder, _run.state.not_in(_ENDED))


def _require(connection: Connection, mine: Update) -> None:
    if not connection.execute(mine).rowcount:
        raise StaleOwner("somebody else works on this run of the reconciliation")


def _read(connection: Connection, run_id: str) -> Reconciliation | None:
    row = connection.execute(select(reconciliation).where(_run.run_id == run_id)).one_or_none()
    return None if row is None else _told(connection, row)


def _newest(connection: Connection, runs_max: int) -> Sequence[Reconciliation]:
    newest = select(reconciliation).order_by(_run.requested_at.desc(), _run.run_id.desc()).limit(runs_max)
    return [_told(connection, row) for row in connection.execute(newest).all()]


def _counts(connection: Connection, run_id: str) -> tuple[CauseCount, ...]:
    counted = select(_found.cause, _found.follows, func.count()).where(_found.run_id == run_id)
    rows = connection.execute(counted.group_by(_found.cause, _found.follows)).all()
    order = {(cause.value, follows.value): (cause, follows) for cause in Cause for follows in Follows}
    by = {(cause, follows): count for cause, follows, count in rows}
    return tuple(CauseCount(cause=order[it][0], follows=order[it][1], dossiers=by[it]) for it in order if it in by)


def _columns(run: Reconciliation) -> dict[str, Any]:
    apart = {"id", "calls_per_s", "differences"}
    columns = {name: getattr(run, name) for name in Reconciliation.model_fields if name not in apart}
    return {
        **columns,
        "run_id": run.id,
        "interval_ms": round(1000 / run.calls_per_s),
        "state": run.state.value,
        "reason": run.reason.value if run.reason else None,
    }


def _told(connection: Connection, row: Row[Any]) -> Reconciliation:
    apart = {"id", "calls_per_s", "differences", "state", "reason"}
    return Reconciliation(
        id=row.run_id,
        calls_per_s=1000 / row.interval_ms,
        state=RunState(row.state),
        reason=StopReason(row.reason) if row.reason else None,
        differences=_counts(connection, row.run_id),
        **{name: getattr(row, name) for name in Reconciliation.model_fields if name not in apart},
    )


def _found_columns(run_id: str, found: Found) -> dict[str, Any]:
    difference = found.difference
    return {
        "run_id": run_id,
        "ordering_key": found.ordering_key,
        "message_id": found.delivery.message_id,
        "operation": found.delivery.operation,
        "part": found.delivery.part,
        "cause": difference.cause.value,
        "follows": difference.follows.value,
        "shown": difference.shown,
        "fields": ",".join(difference.fields),
        "found_at": difference.found_at,
    }


def _difference(row: Row[Any]) -> Difference:
    return Difference(
        dossier_code=row.ordering_key,
        message_id=row.message_id,
        cause=Cause(row.cause),
        follows=Follows(row.follows),
        shown=row.shown,
        fields=tuple(row.fields.split(",")) if row.fields else (),
        found_at=row.found_at,
    )


def _found_of(row: Row[Any]) -> Found:
    return Found(DeliveryId(row.message_id, row.operation, row.part), row.ordering_key, _difference(row))
