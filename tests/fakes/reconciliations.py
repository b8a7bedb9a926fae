"""Runs of the reconciliation in memory, as the door sees them, and a platform that can be asked."""

from collections.abc import Sequence

from hub.access import Grants
from hub.ingress.reconciling import Reconciling, ReconcilingRooms
from hub.pipeline.reconciliation import Policy
from hub.ports import Clock, Shown
from schemas.reconciliation import Difference, Reconciliation

POLICY = Policy(8, 2.0, 30_000, 900.0, resend=True, resend_max=100, lacking_percent_max=20)


class MemoryRuns:
    """The `ReconciliationRuns` port in memory."""

    def __init__(self) -> None:
        self.entered: dict[str, Reconciliation] = {}
        self.found: dict[str, list[Difference]] = {}

    async def order(self, run: Reconciliation, after: str = "") -> Reconciliation:
        """As the port."""
        return self.entered.setdefault(run.id, run)

    async def run(self, run_id: str) -> Reconciliation | None:
        """As the port."""
        return self.entered.get(run_id)

    async def runs(self, runs_max: int) -> Sequence[Reconciliation]:
        """As the port."""
        return list(self.entered.values())[::-1][:runs_max]

    async def differences(self, run_id: str, after: str, differences_max: int) -> Sequence[Difference]:
        """As the port."""
        found = sorted(self.found.get(run_id, ()), key=lambda each: each.dossier_code)
        return [each for each in found if each.dossier_code > after][:differences_max]


class Asked:
    """The `Comparable` port, of a platform that knows nothing."""

    name = "national_portal.dossier_sync"
    platform = "national_portal"

    async def show(self, code: str) -> Shown | None:
        """As the port."""


def reconciling(grants: Grants, clock: Clock, runs: MemoryRuns) -> Reconciling:
    """Return the use case over runs in memory."""
    return Reconciling(ReconcilingRooms(grants=grants, store=runs, operations=[Asked()], policy=POLICY, clock=clock))
