"""A backlog made in the log while no hub runs, so that delivery can be measured alone."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack

import orjson

from hub.access import Principal
from hub.app.door import Door
from hub.app.ground import Ground, open_ground
from hub.app.seams import Seams
from hub.clock import SystemClock
from hub.delivery.worker import GROUP
from hub.disk import DiskGuard
from hub.ingress.message_ids import MessageIds
from hub.ports import DeliveryId, LaneKey, ParkedRow
from hub.sealing import seal
from hub.settings import Installation
from hub.telemetry import Metrics
from schemas.agency import AgencyCode
from schemas.delivery import CommandHeader, DeliveryState, MessageKind, PlannedDelivery
from schemas.dossier import DossierSubmission
from schemas.topics import COMMANDS

_AT_A_TIME = 256
_IDS = MessageIds(SystemClock())


async def fill(installation: Installation, bodies: Sequence[bytes]) -> None:
    """Accept every body through the use case itself, in their order but for those of a handful."""
    seams = Seams()
    async with AsyncExitStack() as stack:
        ground = await open_ground(installation, seams, stack, Metrics())
        door = Door(ground, DiskGuard(installation.hub.home, 0, seams.clock), {})
        principal = Principal(AgencyCode.parse("H56.14"), "mot-cua")
        for first in range(0, len(bodies), _AT_A_TIME):
            await asyncio.gather(*(_accept(door, principal, body) for body in bodies[first : first + _AT_A_TIME]))


async def park(installation: Installation, bodies: Sequence[bytes], operation: str) -> None:
    """Leave what a hub leaves that met an open circuit: records below the committed offset, and their parked rows."""
    seams = Seams()
    async with AsyncExitStack() as stack:
        ground = await open_ground(installation, seams, stack, Metrics())
        log, parking = ground.homes.log, ground.homes.parking
        partitions = range(log.partitions(COMMANDS))
        epochs = {each: (await parking.take_over(each, 0)).epoch for each in partitions}
        for first in range(0, len(bodies), _AT_A_TIME):
            made = (_append(ground, body, operation) for body in bodies[first : first + _AT_A_TIME])
            rows = await asyncio.gather(*made)
            await asyncio.gather(
                *(
                    parking.put(each, epochs[each], [row for row in rows if row.partition == each])
                    for each in partitions
                )
            )
        owner = _Owner()
        consumer = await log.join(GROUP, COMMANDS, owner)
        await owner.owns.wait()
        await consumer.commit({each: (await log.bounds(COMMANDS, each)).end for each in partitions})


async def _append(ground: Ground, body: bytes, operation: str) -> ParkedRow:
    code, now = orjson.loads(body)["code"], ground.clock.now()
    key_id, key = await ground.homes.keys.key_for(code)
    platform = operation.partition(".")[0]
    header = CommandHeader(
        kind=MessageKind.DOSSIER,
        message_id=_IDS.make(),
        ordering_key=code,
        sender_agency="H56.14",
        sender_system="mot-cua",
        revision=1,
        received_at=now,
        key_id=key_id,
        deliveries=(PlannedDelivery(operation=operation, platform=platform),),
    )
    envelope = seal(header.model_dump_json().encode(), body, key).to_bytes()
    position = await ground.homes.log.append(COMMANDS, code.encode(), envelope)
    return ParkedRow(
        id=DeliveryId(header.message_id, operation, 0),
        lane=LaneKey(code, platform),
        partition=position.partition,
        offset=position.offset,
        index=0,
        state=DeliveryState.WAITING,
        attempts=0,
        due_at=now,
        envelope=envelope,
    )


class _Owner:
    """Takes everything, for there is nobody else."""

    def __init__(self) -> None:
        self.owns = asyncio.Event()

    async def on_assigned(self, partitions: Mapping[int, int]) -> None:  # noqa: ARG002 - the port
        """Go on."""
        self.owns.set()

    async def on_revoked(self, partitions: Collection[int]) -> None:
        """Nothing is to be done."""


async def _accept(door: Door, principal: Principal, body: bytes) -> None:
    submission = DossierSubmission.model_validate_json(body)
    await door.acceptance.accept(principal, submission, f"{submission.code}-{submission.revision}")
