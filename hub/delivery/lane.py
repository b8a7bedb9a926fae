"""The ordered queue of one dossier towards one platform."""

from collections import deque
from enum import StrEnum

from hub.delivery.blame import Blame
from hub.delivery.work import Work
from hub.ports import DeliveryId, LaneKey


class Rest(StrEnum):
    """Why nobody works on a lane right now."""

    IDLE = "idle"
    READY = "ready"
    RUNNING = "running"
    SLEEPING = "sleeping"
    HELD = "held"


class Lane:
    """Either hot (all in memory) or stored (all in the parking place), never both; one delivery at a time.

    `stored` counts the rows that are not tombstones, the one being tried included. `loaded` are rows read ahead.
    `head_id` is the message by which its turn is reckoned.
    A lane is `fresh` unless its last contact with the platform failed: then it may itself be what is wrong.
    What lies below the offset `recall_below` is withdrawn; while `recalling`, some of it may still be in the lane, or
    some of the `rulings`, which wait to be obeyed.
    """

    def __init__(self, key: LaneKey, partition: int) -> None:
        self.key = key
        self.partition = partition
        self.current: Work | None = None
        self.hot: deque[Work] = deque()
        self.loaded: deque[Work] = deque()
        self.stored = 0
        self.rest = Rest.IDLE
        self.wake = 0
        self.fresh = True
        self.blame = Blame()
        self.head_id = ""
        self.recall_below = -1
        self.recalling = False
        self.rulings: deque[DeliveryId] = deque()

    def recalls(self, work: Work) -> bool:
        """Whether a delivery must not begin any more."""
        return work.overtaken or (work.offset < self.recall_below and not work.recall and not work.ruling)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to do."""
        return self.current is None and not self.hot and self.stored == 0
