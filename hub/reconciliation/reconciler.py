"""Brings runs to their end: first compares dossier by dossier, then has sent again what is lacking.

Nothing is sent again before all was compared: what looks lost may be a platform that lost everything, or that says so.
"""

import asyncio
from collections.abc import Mapping, Sequence

from hub.errors import HubFault, StaleOwner
from hub.ports import Clock, Comparable, ReconciliationStore
from hub.reconciliation.comparing import Comparing
from hub.reconciliation.report import Report
from hub.reconciliation.resending import Resends
from hub.reconciliation.tenure import Tenure
from hub.reconciliation.walk import Stopped, Walk
from hub.telemetry import logger
from schemas.reconciliation import Reconciliation, RunState, StopReason

LOOK_EVERY_S = 2.0
_log = logger("reconciliation")


class Reconciler:
    """A part of every process; each run belongs to the process that holds it, and one is worked on at a time."""

    def __init__(
        self,
        *,
        store: ReconciliationStore,
        tenure: Tenure,
        comparing: Comparing,
        resends: Resends,
        operations: Sequence[Comparable],
        clock: Clock,
        report: Report,
    ) -> None:
        self._store = store
        self._tenure = tenure
        self._comparing = comparing
        self._resends = resends
        self._operations: Mapping[str, Comparable] = {operation.name: operation for operation in operations}
        self._clock = clock
        self._report = report

    async def run(self) -> None:
        """Look for runs until cancelled."""
        while True:
            try:
                found = await self.look()
            except HubFault as fault:
                found = False
                _log.warning("reconciliation_waits", code=fault.problem_code)
            if not found:
                await self._clock.sleep(LOOK_EVERY_S)

    async def look(self) -> bool:
        """Take the oldest run that nobody else has, and bring it to its end. Return whether there was one.

        Errors: those of store, log, keys and audit; the run is gone on with later. One that was taken over is left.
        """
        claimed = await self._tenure.claim()
        if claimed is None:
            return False
        run, after = claimed
        try:
            await self._bring_to_end(run, after)
        except StaleOwner:
            _log.info("reconciliation_taken_over", task=run.id)
        except (HubFault, asyncio.CancelledError):
            await self._tenure.release(run)
            raise
        return True

    async def _bring_to_end(self, run: Reconciliation, after: str) -> None:
        try:
            if run.state is not RunState.RESENDING:
                await self._compare(run, after)
            if not run.dry_run:
                await self._resends.to_the_end(await self._fresh(run))
            await self._tenure.enter(run, RunState.DONE)
        except Stopped as stopped:
            await self._tenure.enter(run, RunState.STOPPED, stopped.reason)
        self._report.finished(await self._fresh(run))

    async def _compare(self, run: Reconciliation, after: str) -> None:
        operation = self._operations.get(run.operation)
        if operation is None:
            raise Stopped(StopReason.PLATFORM_FAILS)
        await self._tenure.enter(run, RunState.COMPARING)
        walk = Walk(
            run,
            after,
            operation,
            store=self._store,
            tenure=self._tenure,
            comparing=self._comparing,
            clock=self._clock,
            report=self._report,
        )
        reason = await walk.to_the_end()
        walk.require_sound()
        await self._tenure.enter(run, RunState.RESENDING, reason)

    async def _fresh(self, run: Reconciliation) -> Reconciliation:
        return await self._store.run(run.id) or run
