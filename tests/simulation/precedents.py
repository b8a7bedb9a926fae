"""The `Precedents` port of the world: what the log says of rulings."""

from collections.abc import Collection, Sequence

from hub.delivery.tries.command import read_header
from hub.ports import LaneKey, Log
from schemas.delivery import CommandHeader, DeliveryState, OutcomeHeader
from schemas.envelope import Envelope
from tests.fakes.parking import MemoryParking

_NEVER_THERE = (DeliveryState.WITHDRAWN, DeliveryState.EXPIRED)


class LogPrecedents:
    """Looks through the whole log each time; it is short."""

    def __init__(self, log: Log, parking: MemoryParking) -> None:
        self._log = log
        self._parking = parking

    async def obeyed(self, rulings: Collection[str]) -> frozenset[str]:
        """As the port."""
        outcomes = await self._outcomes()
        return frozenset(each.ruling for each in outcomes if each.ruling in rulings and each.ruling != each.message_id)

    async def unanswered(self, partition: int, committed: int) -> Sequence[int]:
        """As the port."""
        answered = {each.ruling for each in await self._outcomes()}
        found: dict[str, int] = {}
        for record in await self._log.read("hub.commands", partition, 0, 1_000_000):
            header = read_header(record.value)
            if header.ruling is not None:
                found.setdefault(header.message_id, record.offset)
        return [
            offset
            for message_id, offset in found.items()
            if offset < committed and message_id not in answered and not self._parking.knows_message(message_id)
        ]

    async def newer(self, lane: LaneKey, revision: int) -> bool:
        """As the port."""
        ended = {
            (each.message_id, each.platform): each.state
            for each in await self._outcomes()
            if each.message_id != each.ruling
        }
        return any(
            header.revision > revision and ended.get((header.message_id, lane.platform)) not in _NEVER_THERE
            for header in await self._commands()
            if header.ordering_key == lane.ordering_key
            and any(planned.platform == lane.platform for planned in header.deliveries)
        )

    async def _commands(self) -> list[CommandHeader]:
        partitions = range(self._log.partitions("hub.commands"))
        return [
            read_header(record.value)
            for partition in partitions
            for record in await self._log.read("hub.commands", partition, 0, 1_000_000)
        ]

    async def _outcomes(self) -> list[OutcomeHeader]:
        partitions = range(self._log.partitions("hub.outcomes"))
        return [
            OutcomeHeader.model_validate_json(Envelope.from_bytes(record.value).header)
            for partition in partitions
            for record in await self._log.read("hub.outcomes", partition, 0, 1_000_000)
        ]
