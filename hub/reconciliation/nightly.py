"""The nightly runs, ordered by one process of the installation."""

from collections.abc import Sequence

from hub.pipeline.catalogue import day_in_vietnam
from hub.pipeline.reconciliation import Asker, Policy, new_run
from hub.ports import Clock, Comparable, ReconciliationStore
from hub.reconciliation.inquiry import ACCOUNT
from schemas.reconciliation import ReconciliationOrder, StopReason

_RUNS_LOOKED_AT = 100


class Nightly:
    """Orders one run a night for each operation that can be compared; to order it again changes nothing."""

    def __init__(
        self,
        store: ReconciliationStore,
        operations: Sequence[Comparable],
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._store = store
        self._operations = operations
        self._policy = policy
        self._clock = clock

    async def order(self) -> None:
        """Order tonight's runs. Errors: those of the store."""
        now = self._clock.now()
        for operation in self._operations:
            run_id = f"nightly-{day_in_vietnam(now)}-{operation.name}"
            order = ReconciliationOrder(dry_run=not self._policy.resend)
            run = new_run(run_id, order, Asker(ACCOUNT), operation, self._policy, now)
            await self._store.order(run, await self._left_off(operation))

    async def _left_off(self, operation: Comparable) -> str:
        """Return where the night before used up its calls; "" when it came to its end, or was stopped."""
        for run in await self._store.runs(_RUNS_LOOKED_AT):
            if (run.by, run.operation) == (ACCOUNT, operation.name):
                return await self._store.place(run.id) if run.reason is StopReason.CALLS_USED_UP else ""
        return ""
