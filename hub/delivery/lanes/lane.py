"""The ordered queue of one dossier towards one platform."""

from enum import StrEnum
from typing import TypeVar

from hub.delivery.tries.blame import Blame
from hub.delivery.work import Work
from hub.ports import DeliveryId, LaneKey

Item = TypeVar("Item")


class Row(list[Item]):
    """A short queue. A deque takes 600 bytes when it is empty, and a long outage makes many lanes."""

    __slots__ = ()

    def popleft(self) -> Item:
        """Take out the first; IndexError when there is none."""
        return self.pop(0)

    def appendleft(self, item: Item) -> None:
        """Put one before the first."""
        self.insert(0, item)


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

    __slots__ = (
        "blame",
        "current",
        "fresh",
        "head_id",
        "hot",
        "key",
        "loaded",
        "partition",
        "recall_below",
        "recalling",
        "rest",
        "rulings",
        "stored",
        "wake",
    )

    def __init__(self, key: LaneKey, partition: int) -> None:
        self.key = key
        self.partition = partition
        self.current: Work | None = None
        self.hot: Row[Work] = Row()
        self.loaded: Row[Work] = Row()
        self.stored = 0
        self.rest = Rest.IDLE
        self.wake = 0
        self.fresh = True
        self.blame = Blame()
        self.head_id = ""
        self.recall_below = -1
        self.recalling = False
        self.rulings: Row[DeliveryId] = Row()

    def recalls(self, work: Work) -> bool:
        """Whether a delivery must not begin any more."""
        return work.overtaken or (work.offset < self.recall_below and not work.recall and not work.ruling)

    @property
    def empty(self) -> bool:
        """Whether nothing is left to do."""
        return self.current is None and not self.hot and self.stored == 0
