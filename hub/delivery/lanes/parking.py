"""The parking place as dispatch uses it: lanes are moved there whole, and their rows come back in order."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from hub.delivery.admission.shares import Shares
from hub.delivery.decisions.recall import Recall, is_recall, is_ruling
from hub.delivery.lanes.holding import Holding, operation_of
from hub.delivery.lanes.lane import Lane, Rest
from hub.delivery.tries.absent import AbsentOperation
from hub.delivery.tries.command import read_header
from hub.delivery.work import Work
from hub.ports import Clock, DeliveryId, Operation, ParkedRow, Parking
from schemas.delivery import DeliveryState

_ROWS_AHEAD = 16
_FAR = timedelta(days=36500)


class ParkingPlace:
    """Writes go by the shelf of their partition, and are durable some time later; reads come after them."""

    def __init__(self, clock: Clock, parking: Parking, operations: Mapping[str, Operation], shares: Shares) -> None:
        self._clock = clock
        self._parking = parking
        self._operations = operations
        self._shares = shares

    # --- in ----------------------------------------------------------------------------------------------------------

    def store(self, holding: Holding, lane: Lane) -> None:
        """Move a lane to the parking place, what is being tried included: no row may lie there without its elders."""
        share = self._shares.of_lane(lane)
        if lane.current is not None and not lane.current.stored:
            self.put(holding, lane, lane.current, DeliveryState.IN_FLIGHT, self._clock.now())
        while lane.hot:
            work = lane.hot.popleft()
            share.hot -= 1
            self.put_waiting(holding, lane, work)

    def put(self, holding: Holding, lane: Lane, work: Work, state: DeliveryState, due_at: datetime | None) -> None:
        """Write a delivery down; without `due_at` only a person can let it go on."""
        if not work.stored:
            work.stored = True
            lane.stored += 1
        holding.shelf.put(work.row(state, due_at or self._clock.now() + _FAR), holding.releaser(work))

    def put_waiting(self, holding: Holding, lane: Lane, work: Work) -> None:
        """Write down a delivery that waits for its turn: what was in doubt stays so."""
        state = DeliveryState.IN_DOUBT if work.doubtful else DeliveryState.WAITING
        holding.untold.discard(work.id)
        self.put(holding, lane, work, state, self._clock.now())

    async def mark_in_flight(self, holding: Holding, work: Work) -> None:
        """Before a parked delivery is tried, its row says so: after a crash it starts in doubt."""
        holding.shelf.put(work.row(DeliveryState.IN_FLIGHT, self._clock.now()))
        await holding.shelf.flushed()

    # --- out ---------------------------------------------------------------------------------------------------------

    async def rows(self, holding: Holding, lane: Lane) -> Sequence[ParkedRow]:
        """Return the first rows of a lane, as they are in the parking place."""
        counted = lane.stored
        await holding.shelf.flushed()
        rows = await self._parking.fetch(lane.partition, lane.key, _ROWS_AHEAD)
        if not rows:
            lane.stored -= counted
        return rows

    async def find(self, holding: Holding, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
        """Return some rows, as they are in the parking place."""
        await holding.shelf.flushed()
        return await self._parking.find(holding.partition, ids)

    async def load(self, holding: Holding, lane: Lane) -> None:
        """Read the head of a lane ahead, as far as nothing holds it and nothing of it is to be withdrawn."""
        for row in await self.rows(holding, lane):
            if self.held(row):
                if not lane.loaded:
                    lane.rest = Rest.HELD
                return
            work = self.work_of(row)
            if work.recall or work.ruling or (lane.recalls(work) and not work.doubtful):
                lane.recalling = True
                return
            lane.loaded.append(work)

    def work_of(self, row: ParkedRow) -> Work:
        """Return the delivery, the withdrawal or the ruling that a row keeps."""
        if is_ruling(row.id):
            return Work.of_row(row, AbsentOperation(row.id.operation, row.lane.platform), 1)
        if is_recall(row.id):
            return Work.of_row(row, Recall.of_lane(row.lane.platform), 1)
        planned = read_header(row.envelope).deliveries[row.index]
        return Work.of_row(row, operation_of(planned, self._operations), planned.of)

    def held(self, row: ParkedRow) -> bool:
        """Whether only a person can let the lane of a row go on."""
        return row.state is DeliveryState.DEAD or row.due_at > self._clock.now() + _FAR / 2

    def settle(self, holding: Holding, lane: Lane, work: Work) -> None:
        """Turn the row of a delivery into a tombstone."""
        holding.shelf.settle(work.id)
        lane.stored -= 1
