"""One delivery under way in this process."""

from dataclasses import dataclass
from datetime import datetime

from hub.delivery.decisions.recall import OVERTAKEN, Recall, is_recall, is_ruling, ruling_mark
from hub.delivery.tries.absent import AbsentOperation
from hub.ports import DeliveryId, LaneKey, Operation, ParkedRow, Record
from schemas.delivery import DeliveryState

_DOUBTFUL = frozenset({DeliveryState.IN_FLIGHT, DeliveryState.IN_DOUBT})


@dataclass(slots=True)
class Work:
    """A delivery with its place in the lane. `released` says that the gate no longer waits for it.

    `doubtful` says that an earlier try may have acted, so the doubt rule of the operation comes before a send.
    `code` is what the last send came to. `recalled` says that it is not to be sent (again), should it not be there.
    `calls` were made in this try. `dead` says that it is known to be dead, and that its row is still to be written.
    """

    id: DeliveryId
    lane: LaneKey
    operation: Operation
    partition: int
    offset: int
    index: int
    of: int
    envelope: bytes
    attempts: int = 0
    code: str = ""
    doubtful: bool = False
    dead: bool = False
    possibly_doubled: bool = False
    recalled: bool = False
    stored: bool = False
    released: bool = False
    calls: int = 0

    @property
    def recall(self) -> bool:
        """Whether this is a withdrawal and no delivery."""
        return is_recall(self.id)

    @property
    def ruling(self) -> bool:
        """Whether this is an operator's ruling and no delivery."""
        return is_ruling(self.id)

    @property
    def overtaken(self) -> bool:
        """Whether a newer revision of the dossier lies before it in the log."""
        return self.code == OVERTAKEN

    def row(self, state: DeliveryState, due_at: datetime) -> ParkedRow:
        """Return the row that keeps this delivery in the parking place."""
        return ParkedRow(
            id=self.id,
            lane=self.lane,
            partition=self.partition,
            offset=self.offset,
            index=self.index,
            state=state,
            attempts=self.attempts,
            due_at=due_at,
            envelope=self.envelope,
            code=self.code,
        )

    @classmethod
    def of_row(cls, row: ParkedRow, operation: Operation, of: int) -> "Work":
        """Return the delivery that a row keeps."""
        return cls(
            id=row.id,
            lane=row.lane,
            operation=operation,
            partition=row.partition,
            offset=row.offset,
            index=row.index,
            of=of,
            envelope=row.envelope,
            attempts=row.attempts,
            code=row.code,
            doubtful=row.state in _DOUBTFUL,
            stored=True,
            released=True,
        )

    @classmethod
    def of_withdrawal(cls, message_id: str, record: Record, lane: LaneKey) -> "Work":
        """Return a withdrawal as it goes into one lane of its dossier."""
        mark = Recall.of_lane(lane.platform)
        return cls(
            id=DeliveryId(message_id, mark.name, 0),
            lane=lane,
            operation=mark,
            partition=record.partition,
            offset=record.offset,
            index=0,
            of=1,
            envelope=record.value,
        )

    @classmethod
    def of_ruling(cls, message_id: str, record: Record, lane: LaneKey) -> "Work":
        """Return a ruling as it goes into the lane of its delivery."""
        mark = ruling_mark(message_id, lane.platform)
        return cls(
            id=mark,
            lane=lane,
            operation=AbsentOperation(mark.operation, lane.platform),
            partition=record.partition,
            offset=record.offset,
            index=0,
            of=1,
            envelope=record.value,
        )
