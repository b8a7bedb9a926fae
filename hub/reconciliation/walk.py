"""The walk of one run through its dossiers, each written down before the next one is asked about."""

from collections.abc import Sequence

from hub.errors import PlatformFault
from hub.pipeline.reconciliation import covers, platform_suspect
from hub.ports import Clock, Comparable, ReconciliationStore, RunStep
from hub.reconciliation.comparing import Compared, Comparing
from hub.reconciliation.report import Report
from hub.reconciliation.tenure import Tenure
from schemas.reconciliation import Reconciliation, StopReason

PAGE_DOSSIERS = 100
TRIES_MAX = 5
RETRY_FIRST_S = 1.0
SHARE_FROM = 200
"""Before so many dossiers were compared, lacking ones may be a cluster: their share is judged at the end."""


class Stopped(Exception):
    """The run does not go on."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Walk:
    """Where a run stands, and what it has come to. A new one goes on where the store says that the last one was."""

    def __init__(
        self,
        run: Reconciliation,
        after: str,
        operation: Comparable,
        *,
        store: ReconciliationStore,
        tenure: Tenure,
        comparing: Comparing,
        clock: Clock,
        report: Report,
    ) -> None:
        self._run = run
        self._after = after
        self._operation = operation
        self._store = store
        self._tenure = tenure
        self._comparing = comparing
        self._clock = clock
        self._report = report
        self._calls, self._compared = run.calls, run.compared
        self._lacking = sum(each.dossiers for each in run.differences if each.cause.lacking)

    async def to_the_end(self) -> StopReason | None:
        """Compare what is left. Return why it ended before everything was compared, if it did.

        Errors: Stopped; those of store, log, keys and audit.
        """
        while page := await self._page():
            for message_id, ordering_key in page:
                if self._calls >= self._run.calls_max:
                    return StopReason.CALLS_USED_UP
                await self._one(message_id, ordering_key)
                if self._compared >= SHARE_FROM:
                    self.require_sound()
        return None

    def require_sound(self) -> None:
        """Raise Stopped when so much is lacking that the platform itself may be at fault."""
        if platform_suspect(self._compared, self._lacking, self._run.lacking_percent_max):
            raise Stopped(StopReason.TOO_MANY_LACKING)

    async def _page(self) -> Sequence[tuple[str, str]]:
        run = self._run
        if run.dossier is None:
            return await self._store.candidates(run.operation, run.since, run.until, self._after, PAGE_DOSSIERS)
        facts = await self._store.facts(run.dossier, run.operation, run.platform)
        newest = facts.delivered[0].id.message_id if facts and facts.delivered else ""
        return [(newest, run.dossier)] if newest not in ("", self._after) else []

    async def _one(self, message_id: str, ordering_key: str) -> None:
        if not covers(self._run.agency, ordering_key):
            await self._note(RunStep(after=message_id))
            return
        compared, calls = await self._tried(message_id, ordering_key)
        step = RunStep(
            after=message_id,
            calls=calls,
            compared=int(compared.asked),
            alike=int(compared.asked and not compared.owed and compared.found is None),
            in_progress=int(compared.owed),
        )
        await self._note(step, compared)

    async def _note(self, step: RunStep, compared: Compared | None = None) -> None:
        found = [compared.found] if compared is not None and compared.found is not None else []
        await self._tenure.step(self._run, step, found)
        self._after = step.after
        self._calls += step.calls
        self._compared += step.compared
        for each in found:
            self._lacking += each.difference.cause.lacking
            self._report.found(self._run.platform, each.difference.cause)

    async def _tried(self, message_id: str, ordering_key: str) -> tuple[Compared, int]:
        """Compare, and again after a while when the platform cannot be asked. Return the calls that it took."""
        for tries in range(1, TRIES_MAX + 1):
            try:
                compared = await self._comparing.compare(self._run, self._operation, ordering_key, message_id)
            except PlatformFault as fault:
                self._report.failed(self._run, fault)
                await self._note(RunStep(after=self._after, calls=1))
                if self._calls >= self._run.calls_max:
                    break
                if tries < TRIES_MAX:
                    await self._clock.sleep(RETRY_FIRST_S * 2 ** (tries - 1))
            else:
                return compared, int(compared.asked)
        raise Stopped(StopReason.PLATFORM_FAILS)
