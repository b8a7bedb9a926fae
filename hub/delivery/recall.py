"""A withdrawal in a lane: it calls nobody, and lies behind what it withdraws until all of that is settled."""

from hub.delivery.absent import AbsentOperation
from hub.ports import DeliveryId

WITHDRAWN = "hub.withdrawn"
"""The code of a delivery that its sender withdrew before it began."""

OVERTAKEN = "hub.overtaken"
"""The code of a delivery that lies behind a newer revision of its dossier, and is not sent for that."""

_PREFIX = "hub.withdrawal."


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
