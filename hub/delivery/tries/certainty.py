"""Whether a partition is certainly ours: asked right before each call, and watched while it is not."""

from collections.abc import Callable, Iterable

from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.lane import Lane, Rest
from hub.errors import NotOurs, StaleOwner
from hub.telemetry import logger

_log = logger("delivery")


class Certainty:
    """Asks the group of consumers. Until it is told whom to ask, nothing is ours."""

    def __init__(self) -> None:
        self._owns: Callable[[int], bool] = lambda _partition: False

    def trust(self, owns: Callable[[int], bool]) -> None:
        """Set what is asked of a partition."""
        self._owns = owns

    def ours(self, holding: Holding) -> bool:
        """Whether nobody else can be calling for the partition."""
        return self._owns(holding.partition)

    def require(self, holding: Holding) -> None:
        """Asked right before each call: NotOurs when another process may be calling by now."""
        if holding.lost or not self._owns(holding.partition):
            raise NotOurs(f"partition {holding.partition} is not certainly ours")

    def may_tell(self, holding: Holding) -> bool:
        """Asked before an outcome is written: whether the next owner cannot have told of it yet. StaleOwner when it has
        the partition for good.
        """
        if holding.given_up:
            raise StaleOwner(f"partition {holding.partition}")
        return self._owns(holding.partition)

    def wait(self, holding: Holding, lane: Lane) -> None:
        """Let a lane wait until it is certain again whose partition it is."""
        lane.rest = Rest.SLEEPING
        lane.wake += 1
        holding.unsure[lane] = None

    def regained(self, holdings: Iterable[Holding]) -> list[Lane]:
        """Return the lanes that need wait no longer; say of each partition when this changes."""
        lanes: list[Lane] = []
        for holding in holdings:
            certain = self._owns(holding.partition)
            if certain is not holding.certain:
                holding.certain = certain
                _log.warning("ownership_certain" if certain else "ownership_uncertain", partition=holding.partition)
            if certain and holding.unsure:
                waiting, holding.unsure = holding.unsure, {}
                lanes += [lane for lane in waiting if lane.rest is Rest.SLEEPING]
        return lanes
