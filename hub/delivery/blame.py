"""Whether a delivery or its platform is what fails: a try speaks against a delivery while others get through."""

from hub.ports import DeliveryId


class Blame:
    """The failed tries of the head of one lane. `taken` is how much the platform has taken of the same operation.

    A failed try counts when, since the failed try before it, the platform took the same operation from somebody, and
    its circuit is closed. So an outage uses nothing up, however long it is and however often it comes; nor does a
    refused account. A restart, or another owner of the partition, begins to count anew.
    """

    def __init__(self) -> None:
        self._delivery: DeliveryId | None = None
        self._taken = 0
        self._counted = 0

    @property
    def known(self) -> bool:
        """Whether the last tries speak against the delivery."""
        return self._counted > 0

    def counted(self, delivery: DeliveryId, taken: int, *, well: bool) -> int:
        """Return how many tries count, were the one under way to fail at this moment."""
        if self._delivery != delivery:
            return 0
        return self._counted + (well and taken > self._taken)

    def failed(self, delivery: DeliveryId, taken: int, *, well: bool) -> None:
        """Note a failed try; `well`: the circuit is closed, and it was not the hub itself that was refused."""
        self._counted = self.counted(delivery, taken, well=well)
        self._delivery, self._taken = delivery, taken

    def clear(self) -> None:
        """The platform answered: whatever comes next begins anew."""
        self._delivery, self._counted = None, 0
