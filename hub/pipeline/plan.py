"""Which deliveries a message owes: fixed once, at acceptance."""

from collections.abc import Sequence

from hub.ports import Operation
from schemas.delivery import PlannedDelivery
from schemas.dossier import DossierSubmission


def plan(submission: DossierSubmission, operations: Sequence[Operation]) -> tuple[PlannedDelivery, ...]:
    """Return one line per operation and part, in the order in which they must happen."""
    return tuple(
        PlannedDelivery(operation=operation.name, platform=operation.platform, part=part, of=parts)
        for operation in operations
        for parts in (operation.parts(submission),)
        for part in range(parts)
    )
