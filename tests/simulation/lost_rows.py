"""The `Owed` port of the world: what the log says is owed, and the parking place does not know."""

from collections.abc import Sequence

from hub.delivery.tries.command import read_header
from hub.ports import DeliveryId, Log, ParkedRow, Unparked
from schemas.delivery import DeliveryState
from tests.fakes.parking import MemoryParking


class LostRows:
    """Looks through the whole log each time; it is short."""

    def __init__(self, parking: MemoryParking, log: Log) -> None:
        self._parking = parking
        self._log = log

    async def unparked(
        self, partition: int, committed: int, after: DeliveryId | None, rows_max: int
    ) -> Sequence[Unparked]:
        """As the port."""
        found: dict[DeliveryId, Unparked] = {}
        for record in await self._log.read("hub.commands", partition, 0, 1_000_000):
            header = read_header(record.value)
            for index, planned in enumerate(header.deliveries if record.offset < committed else ()):
                delivery = DeliveryId(header.message_id, planned.operation, planned.part)
                missing = self._unparked(delivery, record.offset, index)
                if missing is not None:
                    found.setdefault(delivery, missing)
        wanted = sorted(found.values(), key=lambda each: _place(each.id))
        return [each for each in wanted if after is None or _place(each.id) > _place(after)][:rows_max]

    def _unparked(self, delivery: DeliveryId, offset: int, index: int) -> Unparked | None:
        last = self._parking.outcome(delivery)
        if self._parking.knows(delivery):
            return None
        if last is None:
            return Unparked(delivery, offset, index, DeliveryState.WAITING, 0)
        if last.state.final and last.state is not DeliveryState.DEAD:
            return None
        return Unparked(delivery, offset, index, last.state, last.attempt)

    async def park(self, rows: Sequence[ParkedRow]) -> None:
        """As the port."""
        await self._parking.park(rows)


def _place(delivery: DeliveryId) -> tuple[str, str, int]:
    return delivery.message_id, delivery.operation, delivery.part
