"""A partition in our hands: its gate, its lanes, its way into the parking place."""

from collections import deque
from collections.abc import Callable, Mapping

from hub.delivery.decisions.recall import OVERTAKEN
from hub.delivery.decisions.revisions import Revisions
from hub.delivery.lanes.gate import Gate
from hub.delivery.lanes.lane import Lane
from hub.delivery.lanes.shelf import Shelf
from hub.delivery.tries.absent import AbsentOperation
from hub.delivery.work import Work
from hub.ports import DeliveryId, LaneKey, Operation, PartitionMemory, Record
from schemas.delivery import CommandHeader, PlannedDelivery


class Holding:
    """Mutable state of one partition from its assignment to its loss; only the worker's loop touches it.

    Of the records below `suspect_below`, an earlier owner may have had one delivery of each lane under way: the first
    that is not settled. That one starts in doubt; those behind it had not begun. While it is not `certain` that the
    partition is ours, its lanes wait in `unsure`. When it is `lost`, nothing more is begun; what is under way when it
    is `given_up` is somebody else's to tell of. `untold` is what may have acted without any outcome or row that says
    so: it holds what is being tried, and what began in doubt.
    """

    def __init__(
        self,
        partition: int,
        gate: Gate,
        shelf: Shelf,
        memory: PartitionMemory,
        suspect_below: int,
        revisions: Revisions,
    ) -> None:
        self.partition = partition
        self.gate = gate
        self.shelf = shelf
        self.held: deque[Record] = deque()
        self.lanes: dict[LaneKey, Lane] = {}
        self.revisions = revisions
        self.lost = False
        self.given_up = False
        self.waits_until_s = 0.0
        self.certain = True
        self.unsure: dict[Lane, None] = {}
        self.untold: set[DeliveryId] = set()
        self.token = memory.token
        self._settled = memory.settled
        self._dead = memory.dead
        self._parked = frozenset(row.id for row in memory.rows)
        self._suspect_below = suspect_below
        self._cleared: set[LaneKey] = set()
        self._started = gate.committed

    @property
    def hungry(self) -> bool:
        """Whether more records may be fetched."""
        return not self.held and self._started < self.gate.limit and not self.lost

    @property
    def crowded(self) -> bool:
        """Whether the window is closed: what is under way keeps out what comes after."""
        return bool(self.held) or self._started >= self.gate.limit

    def may_start(self, now_s: float) -> bool:
        """Whether the next record that was fetched may start."""
        return (
            bool(self.held) and self.held[0].offset < self.gate.limit and now_s >= self.waits_until_s and not self.lost
        )

    @property
    def told(self) -> bool:
        """Whether outcomes and rows, once they are durable, tell of everything that may have acted, also before us."""
        return not self.untold and self._started >= self._suspect_below

    def known(self, delivery: DeliveryId) -> bool:
        """Whether an earlier owner has settled or parked the delivery."""
        return delivery in self._settled or delivery in self._parked

    def lane(self, key: LaneKey) -> Lane:
        """Return the lane, made when there is none."""
        lane = self.lanes.get(key)
        if lane is None:
            lane = self.lanes[key] = Lane(key, self.partition)
        return lane

    def drop_if_empty(self, lane: Lane) -> None:
        """Forget a lane with nothing left."""
        if lane.empty:
            self.lanes.pop(lane.key, None)

    def works(
        self, record: Record, header: CommandHeader, operations: Mapping[str, Operation], *, overtaken: bool
    ) -> list[Work]:
        """Return the deliveries of a record that are still owed, in order."""
        works = []
        for index, planned in enumerate(header.deliveries):
            delivery = DeliveryId(header.message_id, planned.operation, planned.part)
            if self.known(delivery):
                continue
            dead = delivery in self._dead
            works.append(
                Work(
                    id=delivery,
                    lane=LaneKey(header.ordering_key, planned.platform),
                    operation=operation_of(planned, operations),
                    partition=record.partition,
                    offset=record.offset,
                    index=index,
                    of=planned.of,
                    envelope=record.value,
                    code=OVERTAKEN if overtaken and not dead else "",
                    dead=dead,
                )
            )
        return works

    def recalls(self, record: Record, header: CommandHeader) -> list[Work]:
        """Return a withdrawal as it goes into the lanes of its dossier: those that have something left."""
        lanes = [lane for lane in self.lanes.values() if lane.key.ordering_key == header.ordering_key]
        works = [Work.of_withdrawal(header.message_id, record, lane.key) for lane in lanes if not lane.empty]
        return [work for work in works if not self.known(work.id)]

    def rulings(self, record: Record, header: CommandHeader) -> list[Work]:
        """Return an operator's ruling as it goes into the lane of its delivery."""
        if header.ruling is None:
            return []
        work = Work.of_ruling(header.message_id, record, LaneKey(header.ordering_key, header.ruling.platform))
        return [] if self.known(work.id) else [work]

    def start(self, record: Record, works: list[Work]) -> None:
        """Open the gate's account of a record, and mark what an earlier owner may have had under way."""
        self._started = record.offset + 1
        self.gate.start(record.offset, len(works))
        if record.offset >= self._suspect_below:
            return
        for work in works:
            if work.recall or work.ruling or work.overtaken:
                continue
            stored = work.lane in self.lanes and self.lanes[work.lane].stored
            if not work.dead and not stored and work.lane not in self._cleared:
                work.doubtful = True
                self.untold.add(work.id)
            self._cleared.add(work.lane)

    def release(self, work: Work) -> None:
        """Let the gate pass a delivery: its outcome is durable, or its row is."""
        if not work.released:
            work.released = True
            self.gate.finish(work.offset)

    def releaser(self, work: Work) -> Callable[[], None]:
        """Return the call that releases the delivery later."""
        return lambda: self.release(work)


def operation_of(planned: PlannedDelivery, operations: Mapping[str, Operation]) -> Operation:
    """Return the operation of a planned delivery, or one that parks it."""
    return operations.get(planned.operation) or AbsentOperation(planned.operation, planned.platform)
