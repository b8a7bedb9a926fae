"""The reconciliation as operators see it: runs are ordered, listed and read; each operator within the own agency."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from hub.access import Grants, Principal, Service
from hub.errors import BrokenRule, Conflict, Invalid, NotFound, Overloaded
from hub.pipeline.catalogue import day_in_vietnam
from hub.pipeline.reconciliation import Asker, Policy, covers, midnight, new_run
from hub.pipeline.validate import require_own_dossier
from hub.ports import Clock, Comparable, ReconciliationRuns
from schemas.agency import AgencyCode
from schemas.dossier import DossierCode
from schemas.reconciliation import (
    Reconciliation,
    ReconciliationOrder,
    ReconciliationReport,
    Reconciliations,
)

RUNS_SHOWN = 50
RUNS_OPEN_MAX = 20
_RUNS_LOOKED_AT = 500
_RETRY_AFTER_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcilingRooms:
    """What it stands on. `operations` are those whose platforms can be asked what they have."""

    grants: Grants
    store: ReconciliationRuns
    operations: Sequence[Comparable]
    policy: Policy
    clock: Clock


class Reconciling:
    """All verbs need the grant `delivery.operate`: Forbidden without it. Errors of all: those of the store."""

    def __init__(self, rooms: ReconcilingRooms) -> None:
        self._rooms = rooms

    async def order(self, principal: Principal, order: ReconciliationOrder, idempotency_key: str) -> Reconciliation:
        """Order a run over the dossiers of the principal's agency. The same key and body give the same run.

        Errors: Invalid, Conflict (key used before for something else), NotFound (no platform can be asked), Overloaded.
        """
        self._authorise(principal)
        self._require_lawful(principal, order)
        runs = await self._rooms.store.runs(_RUNS_LOOKED_AT)
        run = self._new_run(principal, order, idempotency_key)
        known = next((each for each in runs if each.id == run.id), None)
        if known is None and sum(not each.state.final for each in runs) >= RUNS_OPEN_MAX:
            raise Overloaded("runs that are not done", retry_after_s=_RETRY_AFTER_S)
        entered = known or await self._rooms.store.order(run)
        if not _same(entered, run, order):
            raise Conflict("key used for another run")
        return entered

    async def runs(self, principal: Principal) -> Reconciliations:
        """Return the newest runs that concern the principal's agency."""
        self._authorise(principal)
        runs = await self._rooms.store.runs(_RUNS_LOOKED_AT)
        return Reconciliations(runs=tuple(run for run in runs if _concerns(run, principal))[:RUNS_SHOWN])

    async def report(self, principal: Principal, run_id: str, after: str, differences_max: int) -> ReconciliationReport:
        """Return a run and a page of what it found about dossiers of the principal's agency. Error: NotFound."""
        self._authorise(principal)
        run = await self._rooms.store.run(run_id)
        if run is None or not _concerns(run, principal):
            raise NotFound("no such run")
        page = await self._rooms.store.differences(run_id, after, differences_max)
        mine = tuple(each for each in page if covers(str(principal.agency), each.dossier_code))
        following = page[-1].dossier_code if len(page) == differences_max else None
        return ReconciliationReport(run=run, differences=mine, next=following)

    def _authorise(self, principal: Principal) -> None:
        self._rooms.grants.require(principal, Service.DELIVERY_OPERATE)

    def _require_lawful(self, principal: Principal, order: ReconciliationOrder) -> None:
        if order.dossier is not None:
            require_own_dossier(principal, DossierCode.parse(order.dossier))
        if order.since is not None and order.since > day_in_vietnam(self._rooms.clock.now()):
            raise Invalid([BrokenRule("since", "range")])
        if not self._rooms.operations:
            raise NotFound("no platform can be asked what it has")

    def _new_run(self, principal: Principal, order: ReconciliationOrder, key: str) -> Reconciliation:
        named = hashlib.sha256(f"{principal.sender}\n{key}".encode()).hexdigest()[:24]
        asker = Asker(principal.sender, str(principal.agency))
        rooms = self._rooms
        return new_run(f"order-{named}", order, asker, rooms.operations[0], rooms.policy, rooms.clock.now())


def _concerns(run: Reconciliation, principal: Principal) -> bool:
    return not run.agency or principal.agency.covers(AgencyCode.parse(run.agency))


def _same(entered: Reconciliation, asked: Reconciliation, order: ReconciliationOrder) -> bool:
    """Whether a run that is there is what is asked for; what was left to the hub may have changed since."""
    stated = {name for name in ("calls_max", "resend_max") if getattr(order, name) is not None}
    stated |= {"dossier", "dry_run", "by"}
    if order.calls_per_s is not None and abs(entered.calls_per_s - asked.calls_per_s) > 0.01 * asked.calls_per_s:
        return False
    if order.since is not None and entered.since != midnight(order.since):
        return False
    return all(getattr(entered, name) == getattr(asked, name) for name in stated)
