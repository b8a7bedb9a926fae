"""Whether a delivery or its platform is what fails: a try speaks against a delivery while others get through."""

from typing import NamedTuple

from hub.ports import DeliveryId


class Seen(NamedTuple):
    """What a process has seen of an operation up to the moment `now_s` (monotonic seconds).

    `good_s`: when the latest try began that got through; `outages`: how often the circuit opened; `well`: it is closed,
    and it is not the hub itself that is refused.
    """

    now_s: float
    good_s: float
    outages: int
    well: bool


_NOTHING = Seen(0.0, 0.0, 0, well=False)


class Blame:
    """The failed tries of the head of one lane.

    A failed try counts when a try of somebody else that began after the failed try before it got through, and the
    circuit did not open in between. So an outage uses nothing up, however long it is and however often it comes; nor
    does a refused account. A restart, or another owner of the partition, begins to count anew.
    """

    __slots__ = ("_before", "_counted", "_delivery")

    def __init__(self) -> None:
        self._delivery: DeliveryId | None = None
        self._before = _NOTHING
        self._counted = 0

    @property
    def known(self) -> bool:
        """Whether the last tries speak against the delivery."""
        return self._counted > 0

    def counted(self, delivery: DeliveryId, seen: Seen) -> int:
        """Return how many tries count, were the one under way to fail at this moment."""
        if self._delivery != delivery:
            return 0
        quiet = seen.well and seen.outages == self._before.outages
        return self._counted + (quiet and seen.good_s > self._before.now_s)

    def failed(self, delivery: DeliveryId, seen: Seen) -> None:
        """Note a failed try."""
        self._counted = self.counted(delivery, seen)
        self._delivery, self._before = delivery, seen

    def clear(self) -> None:
        """The platform answered: whatever comes next begins anew."""
        self._delivery, self._counted = None, 0
