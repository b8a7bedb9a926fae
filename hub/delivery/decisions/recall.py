"""What lies in a lane and is no delivery: it calls nobody.

A withdrawal lies behind what it withdraws until all of that is settled, a ruling until it is obeyed.
"""

from hub.delivery.tries.absent import AbsentOperation
from hub.ports import DeliveryId

WITHDRAWN = "hub.withdrawn"
"""The code of a delivery that its sender withdrew before it began."""

OVERTAKEN = "hub.overtaken"
"""The code of a delivery that lies behind a newer revision of its dossier, and is not sent for that."""

_PREFIX = "hub.withdrawal."
_RULING = "hub.ruling."


class Recall(AbsentOperation):
    """Stands where a delivery has its operation; one for each lane of the dossier."""

    __slots__ = ()

    @classmethod
    def of_lane(cls, platform: str) -> "Recall":
        """Return the mark of a withdrawal in the lane towards a platform."""
        return cls(f"{_PREFIX}{platform}", platform)


def is_recall(delivery: DeliveryId) -> bool:
    """Whether a row of the parking place is a withdrawal and no delivery."""
    return delivery.operation.startswith(_PREFIX)


def ruling_mark(message_id: str, platform: str) -> DeliveryId:
    """Name the row of a ruling in the lane towards a platform."""
    return DeliveryId(message_id, f"{_RULING}{platform}", 0)


def is_ruling(delivery: DeliveryId) -> bool:
    """Whether a row of the parking place is a ruling and no delivery."""
    return delivery.operation.startswith(_RULING)
