"""One question to a platform: audited before it is asked and before its answer is used, at its time."""

from dataclasses import dataclass

from hub.errors import PlatformFault
from hub.ports import Audit, Clock, Comparable, PlatformLeave, Shown
from schemas.audit import AuditEvent, AuditRecord
from schemas.reconciliation import Reconciliation

SERVICE = "dossier.reconcile"
PURPOSE = "reconciliation"
AGENCY, SYSTEM = "hub", "reconciliation"
ACCOUNT = f"{AGENCY}/{SYSTEM}"
"""The hub's own account, under which the nightly run acts."""


@dataclass(frozen=True, slots=True)
class About:
    """What is asked about: a dossier by both spellings of its code, and the procedure where it is known."""

    message_id: str
    ordering_key: str
    code_as_given: str
    procedure: str


class Inquiries:
    """Asks, one question after the other, not faster than the run may and the platform's quota lets it."""

    def __init__(self, audit: Audit, clock: Clock, leave: PlatformLeave) -> None:
        self._audit = audit
        self._clock = clock
        self._leave = leave
        self._next_s = 0.0

    async def ask(self, run: Reconciliation, operation: Comparable, about: About) -> Shown | None:
        """Return what the platform shows; None when it does not know the dossier.

        Errors: those of `Comparable.show`; Unavailable and WriteInDoubt when the audit fails, nothing was asked or
        used then.
        """
        await self.pace(run)
        await self._leave.take(operation.platform)
        await self._write(run, about, AuditEvent.ASKED)
        started_s = self._clock.monotonic()
        try:
            shown = await operation.show(about.code_as_given)
        except PlatformFault as fault:
            await self._write(run, about, AuditEvent.ANSWERED, fault.problem_code, started_s)
            raise
        await self._write(run, about, AuditEvent.ANSWERED, "none" if shown is None else "one", started_s)
        return shown

    async def pace(self, run: Reconciliation) -> None:
        """Wait until the run may take its next step."""
        wait_s = self._next_s - self._clock.monotonic()
        if wait_s > 0:
            await self._clock.sleep(wait_s)
        self._next_s = self._clock.monotonic() + 1 / run.calls_per_s

    async def _write(
        self, run: Reconciliation, about: About, event: AuditEvent, result: str = "", started_s: float | None = None
    ) -> None:
        await self._audit.write(
            AuditRecord(
                event=event,
                request_id=f"{run.id}:{about.message_id}",
                at=self._clock.now(),
                agency=AGENCY,
                system=SYSTEM,
                officer=run.by,
                service=SERVICE,
                purpose=PURPOSE,
                procedure=about.procedure,
                dossier_code=about.ordering_key,
                subject="",
                source=run.platform,
                result=result,
                duration_ms=0 if started_s is None else round((self._clock.monotonic() - started_s) * 1000),
            )
        )
