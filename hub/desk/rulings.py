"""Rulings as records of the log: one for each (order, delivery), under an id that a repeat gives it again."""

from hub.desk.bodies import Bodies
from hub.pipeline.rulings import ruling_id
from hub.ports import Clock, Log
from hub.ports.desk import OrderRecord, Standing
from schemas.delivery import CommandHeader, MessageKind
from schemas.ruling import Ruling, RulingBody
from schemas.topics import COMMANDS


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
