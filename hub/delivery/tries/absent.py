"""An operation that the configuration no longer has: its deliveries wait until it is back."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.errors import RefusedUs
from hub.ports import DoubtRule, Effect, Finding, Job, OutcomeRule, Reply
from schemas.dossier import DossierSubmission


@dataclass(frozen=True, slots=True)
class AbsentOperation:
    """Parks every delivery as a fault of the hub, and never loses one."""

    name: str
    platform: str
    effect: Effect = Effect.QUERYABLE
    on_doubt: DoubtRule = DoubtRule.INQUIRE
    rules: Sequence[OutcomeRule] = ()

    def parts(self, submission: DossierSubmission) -> int:  # noqa: ARG002 - the port names it
        """Nothing is planned for an operation that is not there."""
        return 0

    async def send(self, job: Job) -> Reply:  # noqa: ARG002 - the port names it
        """Raise RefusedUs: the message is not at fault."""
        raise RefusedUs(f"operation {self.name} is not configured")

    async def inquire(self, job: Job) -> Finding:  # noqa: ARG002 - the port names it
        """Raise RefusedUs: the message is not at fault."""
        raise RefusedUs(f"operation {self.name} is not configured")
