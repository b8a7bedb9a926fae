"""What is known of earlier rulings, and of what they are about."""

from collections.abc import Collection, Sequence
from typing import Protocol

from hub.ports.parking import LaneKey


class Precedents(Protocol):
    """What the ledger says about rulings. A partition that was taken over is caught up; later it may lag a little."""

    async def obeyed(self, rulings: Collection[str]) -> frozenset[str]:
        """Return those of some rulings, named by their message ids, after which a delivery changed."""

    async def unanswered(self, partition: int, committed: int) -> Sequence[int]:
        """Return the offsets below the committed one of rulings that left no outcome and lie in no lane, rising."""

    async def newer(self, lane: LaneKey, revision: int) -> bool:
        """Whether a state of the dossier with a higher revision is on its way to the platform of a lane, or there."""
