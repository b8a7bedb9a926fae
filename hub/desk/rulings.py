"""Rulings as records of the log: one for each (order, delivery), under an id that a repeat gives it again."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from hub.desk.bodies import Bodies
from hub.ports import Clock, DeliveryId, Log
from hub.ports.desk import OrderRecord, Standing
from schemas.delivery import CommandHeader, MessageKind
from schemas.ruling import Ruling, RulingBody
from schemas.topics import COMMANDS


def ruling_id(order_id: str, proposed_at: datetime, delivery: DeliveryId) -> str:
    """Return the message id of a ruling: a UUID version 7 (RFC 9562) with the time of its order and no chance in it."""
    name = "\n".join((order_id, delivery.message_id, delivery.operation, str(delivery.part)))
    chance = int.from_bytes(sha256(name.encode()).digest()[:10], "big")
    milliseconds = int(proposed_at.timestamp() * 1000)
    high, low = chance >> 68, chance & ((1 << 62) - 1)
    return str(UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 0b10 << 62 | low))


class RulingWriter:
    """Appends rulings under the ordering key of their dossier, so that they reach its lanes in the order of the log."""

    def __init__(self, log: Log, bodies: Bodies, clock: Clock) -> None:
        self._log = log
        self._bodies = bodies
        self._clock = clock

    async def append(self, order: OrderRecord, standing: Standing, body: RulingBody) -> None:
        """Append the ruling of an order about a delivery; durable when this returns. Errors: those of log and keys.

        It always says that it may be a repeat: whoever works on the order after a crash, or beside this process, does
        not know whether it lies in the log.
        """
        header = CommandHeader(
            kind=MessageKind.RULING,
            message_id=ruling_id(order.order_id, order.proposed_at, standing.id),
            ordering_key=standing.ordering_key,
            sender_agency=order.agency,
            sender_system=order.system,
            revision=1,
            received_at=self._clock.now(),
            key_id="",
            deliveries=(),
            reappended=True,
            ruling=Ruling(
                verdict=order.action.verdict,
                message_id=standing.id.message_id,
                operation=standing.id.operation,
                platform=standing.platform,
                part=standing.id.part,
                of=standing.of,
                index=standing.index,
                by=order.by,
                approved_by=order.approved_by or None,
                order=order.order_id,
                corrected=body.submission is not None,
            ),
        )
        sealed = await self._bodies.seal_ruling(header, body)
        await self._log.append(COMMANDS, standing.ordering_key.encode(), sealed)
