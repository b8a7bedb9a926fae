"""A parking place in memory, with the ledger that it consults."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

from hub.errors import StaleOwner
from hub.ports import DeliveryId, Farewell, LaneKey, Log, ParkedRow, PartitionMemory
from schemas.delivery import DeliveryState, OutcomeHeader
from schemas.envelope import Envelope

_OUTCOMES = "hub.outcomes"
_FINISHED = frozenset(state for state in DeliveryState if state.final and state is not DeliveryState.DEAD)


class MemoryParking:
    """The `Parking` port in memory. `read_outcomes` plays the ledger's part."""

    def __init__(self) -> None:
        self._rows: dict[DeliveryId, ParkedRow] = {}
        self._gone: dict[DeliveryId, ParkedRow] = {}
        self._epochs: dict[int, int] = {}
        self._ledger: dict[DeliveryId, OutcomeHeader] = {}
        self._read: dict[int, int] = {}
        self._tokens: dict[int, str] = {}
        self._farewells: dict[int, Farewell] = {}
        self.fetches = 0
        self.puts = 0

    async def read_outcomes(self, log: Log, partition: int) -> None:
        """Bring the ledger to the end of the outcomes."""
        records = await log.read(_OUTCOMES, partition, self._read.get(partition, 0), 1_000_000)
        for record in records:
            outcome = OutcomeHeader.model_validate_json(Envelope.from_bytes(record.value).header)
            self._ledger[DeliveryId(outcome.message_id, outcome.operation, outcome.part)] = outcome
            self._read[partition] = record.offset + 1

    async def take_over(self, partition: int, committed: int) -> PartitionMemory:
        """Raise the epoch and return what is remembered."""
        self._epochs[partition] = self._epochs.get(partition, 0) + 1
        self._tokens[partition] = uuid4().hex
        farewell = self._farewells.pop(partition, None)
        for delivery in [key for key, row in self._rows.items() if row.partition == partition]:
            outcome = self._ledger.get(delivery)
            if outcome is not None and outcome.state in _FINISHED:
                self._gone[delivery] = self._rows.pop(delivery)
            if outcome is not None and outcome.state is DeliveryState.DEAD and delivery in self._rows:
                self._rows[delivery] = replace(self._rows[delivery], state=DeliveryState.DEAD)
        settled = {
            key
            for key, outcome in self._ledger.items()
            if outcome.source_partition == partition
            and outcome.source_offset >= committed
            and (outcome.state in _FINISHED or (outcome.state is DeliveryState.DEAD and key in self._rows))
        }
        settled |= {key for key, row in self._gone.items() if row.partition == partition}
        rows = sorted(
            (replace(row, envelope=b"") for row in self._rows.values() if row.partition == partition),
            key=lambda row: (row.offset, row.index),
        )
        dead = {
            key
            for key, outcome in self._ledger.items()
            if outcome.source_partition == partition
            and outcome.source_offset >= committed
            and outcome.state is DeliveryState.DEAD
            and not self.knows(key)
        }
        return PartitionMemory(
            epoch=self._epochs[partition],
            settled=frozenset(settled),
            rows=tuple(rows),
            dead=frozenset(dead),
            token=self._tokens[partition],
            farewell=farewell,
        )

    async def leave(self, farewells: Sequence[Farewell]) -> None:
        """Keep the farewells of the owners."""
        for each in farewells:
            if (self._epochs.get(each.partition), self._tokens.get(each.partition)) == (each.epoch, each.token):
                self._farewells[each.partition] = each

    async def put(self, partition: int, epoch: int, rows: Sequence[ParkedRow]) -> None:
        """Insert or overwrite."""
        self.puts += 1
        self._check(partition, epoch)
        for row in rows:
            self._gone.pop(row.id, None)
            self._rows[row.id] = row

    async def fetch(self, partition: int, lane: LaneKey, rows_max: int) -> Sequence[ParkedRow]:
        """Return the first rows of a lane."""
        self.fetches += 1
        of_dossier = (row for row in self._rows.values() if row.lane.ordering_key == lane.ordering_key)
        rows = [row for row in of_dossier if row.lane == lane and row.partition == partition]
        return sorted(rows, key=lambda row: (row.offset, row.index))[:rows_max]

    async def find(self, partition: int, ids: Sequence[DeliveryId]) -> Sequence[ParkedRow]:
        """Return some rows."""
        rows = [self._rows[each] for each in ids if each in self._rows and self._rows[each].partition == partition]
        return sorted(rows, key=lambda row: (row.offset, row.index))

    async def settle(self, partition: int, epoch: int, ids: Sequence[DeliveryId]) -> None:
        """Leave tombstones."""
        self._check(partition, epoch)
        for delivery in ids:
            if delivery in self._rows:
                self._gone[delivery] = self._rows.pop(delivery)

    async def sweep(self, partition: int, epoch: int, committed: int) -> None:
        """Remove the tombstones of committed records."""
        self._check(partition, epoch)
        for delivery in [key for key, row in self._gone.items() if row.partition == partition]:
            if self._gone[delivery].offset < committed:
                del self._gone[delivery]

    def lose(self) -> None:
        """Forget every row, as a store does whose file is gone and whose ledger was projected anew."""
        self._rows.clear()
        self._gone.clear()

    def knows(self, delivery: DeliveryId) -> bool:
        """Whether there is a row or a tombstone."""
        return delivery in self._rows or delivery in self._gone

    def knows_message(self, message_id: str) -> bool:
        """Whether there is a row or a tombstone of a message."""
        return any(each.message_id == message_id for each in (*self._rows, *self._gone))

    def outcome(self, delivery: DeliveryId) -> OutcomeHeader | None:
        """Return the last outcome in the ledger."""
        return self._ledger.get(delivery)

    async def park(self, rows: Sequence[ParkedRow]) -> None:
        """As `Owed.park`."""
        for row in rows:
            if not self.knows(row.id):
                self._rows[row.id] = row

    @property
    def rows(self) -> int:
        """How many rows wait."""
        return len(self._rows)

    def _check(self, partition: int, epoch: int) -> None:
        if self._epochs.get(partition) != epoch:
            raise StaleOwner(f"partition {partition}")
