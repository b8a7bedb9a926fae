"""The operators' desk over a real store and a log in memory; tests play senders and the worker."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import orjson

from hub.access import Grant, Grants, Principal, Service, SystemEntry
from hub.desk.bodies import Bodies
from hub.desk.correction import Corrector
from hub.desk.execution import Execution, ExecutionRooms
from hub.desk.judging import Judge
from hub.desk.letters import LetterRooms, Letters
from hub.desk.placing import ApprovalRule, OrderDesk, OrderRooms
from hub.desk.rulings import RulingWriter
from hub.ingress.reading import read_model
from hub.pipeline.commands import read_header
from hub.pipeline.validate import check_submission
from hub.ports import DeliveryId, LaneKey, ParkedRow
from hub.sealing import seal, unseal
from hub.store.database import Database
from hub.store.dead_letters import SqlDeadLetters
from hub.store.orders import SqlOrders
from hub.store.parking import SqlParking
from hub.store.precedents import SqlPrecedents
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.streams.projector import Projector
from hub.telemetry import Metrics
from schemas.agency import AgencyCode
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, OutcomeHeader, PlannedDelivery, Step
from schemas.dossier import DossierCode, DossierSubmission
from schemas.envelope import Envelope
from schemas.order import Order, OrderRequest
from schemas.ruling import RulingBody
from tests.clock import ManualClock
from tests.fakes.audit import MemoryAudit
from tests.fakes.keys import MemoryKeys
from tests.fakes.logs import TroubledLog
from tests.fakes.rest import catalogue, submission

COMMANDS, OUTCOMES = "hub.commands", "hub.outcomes"
PLATFORM = "national_portal"
SYNC = "national_portal.dossier_sync"
PROGRESS = "national_portal.dossier_progress"
SUBJECT_KEY = b"subject" * 5
PROVINCE, APPROVER = Principal(AgencyCode.parse("H56"), "van-hanh"), Principal(AgencyCode.parse("H56"), "giam-sat")
CENTRE, JUSTICE = Principal(AgencyCode.parse("H56.14"), "mot-cua"), Principal(AgencyCode.parse("H56.15"), "ho-tich")
NOBODY = Principal(AgencyCode.parse("H56"), "nobody")
_BOTH = (Grant(service=Service.DELIVERY_OPERATE), Grant(service=Service.DELIVERY_APPROVE))
_GRANTS = {
    PROVINCE: _BOTH,
    APPROVER: _BOTH,
    CENTRE: _BOTH,
    JUSTICE: _BOTH,
    NOBODY: (),
}


def message_id(number: int) -> str:
    """Return the id of the message of that number; higher ones are younger."""
    return f"019aa8f2-5d00-7000-8000-{number:012d}"


def delivery(number: int, operation: str = SYNC) -> DeliveryId:
    """Return the name of the delivery of the message of that number."""
    return DeliveryId(message_id(number), operation, 0)


def owed(stated: DossierSubmission) -> tuple[PlannedDelivery, ...]:
    """Fix what a submission owes: the dossier, and its progress if there is some."""
    sync = PlannedDelivery(operation=SYNC, platform=PLATFORM)
    progress = PlannedDelivery(operation=PROGRESS, platform=PLATFORM)
    return (sync, progress) if stated.progress else (sync,)


class Room:
    """Everything that a test may want to look at or break. Two rooms may share a store, a log and keys."""

    def __init__(self, database: Database, other: "Room | None" = None, approval: ApprovalRule | None = None) -> None:
        self.clock: ManualClock = other.clock if other else ManualClock()
        self.log: TroubledLog = other.log if other else TroubledLog(self.clock)
        self.keys: MemoryKeys = other.keys if other else MemoryKeys()
        self.audit = MemoryAudit()
        self.bodies, self.box, self.book = (
            Bodies(self.log, self.keys),
            SqlDeadLetters(database),
            SqlOrders(database),
        )
        self.parking, self.read_models = SqlParking(database), SqlReadModels(database, self._said)
        self._projector = Projector(self.log, SqlProjection(database), self.clock, Metrics())
        grants = Grants(SystemEntry(agency=who.agency, system=who.system, grants=of) for who, of in _GRANTS.items())
        judge = Judge(self.bodies, Corrector(partial(read_model, DossierSubmission), self._check, owed))
        rule = approval or ApprovalRule()
        self.letters = Letters(
            LetterRooms(
                grants=grants,
                box=self.box,
                read_models=self.read_models,
                log=self.log,
                bodies=self.bodies,
                audit=self.audit,
                clock=self.clock,
                subject_key=SUBJECT_KEY,
            )
        )
        self.orders = OrderDesk(
            OrderRooms(
                grants=grants,
                box=self.box,
                book=self.book,
                read_models=self.read_models,
                bodies=self.bodies,
                judge=judge,
                clock=self.clock,
                fingerprint_key=b"fingerprint" * 3,
                approval=rule,
            )
        )
        self.execution = Execution(
            ExecutionRooms(
                box=self.box,
                book=self.book,
                precedents=SqlPrecedents(database),
                bodies=self.bodies,
                judge=judge,
                writer=RulingWriter(self.log, self.bodies, self.clock),
                clock=self.clock,
                approved_within=rule.within,
            )
        )

    # --- what senders and the worker do ------------------------------------------------------------------------------

    async def accept(self, number: int, *, agency: str = "H56.14", **changes: Any) -> DossierSubmission:
        """Append the message of that number, as acceptance does."""
        stated = submission(code=f"{agency}-261122-{number:04d}", **{"progress": [], **changes})
        code = str(DossierCode.parse(stated.code))
        key_id, key = await self.keys.key_for(code)
        header = CommandHeader(
            kind="dossier",
            message_id=message_id(number),
            ordering_key=code,
            code_as_given=stated.code,
            sender_agency=agency,
            sender_system="mot-cua",
            revision=stated.revision,
            received_at=self.clock.now() + timedelta(seconds=number),
            key_id=key_id,
            deliveries=owed(stated),
        )
        body = stated.model_dump_json(exclude_defaults=True).encode()
        await self.log.append(COMMANDS, code.encode(), seal(header.model_dump_json().encode(), body, key).to_bytes())
        await self.project()
        return stated

    async def outcome(
        self,
        number: int,
        state: DeliveryState,
        *,
        operation: str = SYNC,
        code: str = "-1",
        said: str = "",
        attempt: int = 1,
        ruling: str = "",
    ) -> None:
        """Append what came of a try, or of a ruling, as the worker does."""
        value, partition, offset = await self._command(number)
        header = read_header(value)
        made = OutcomeHeader(
            message_id=header.message_id,
            ordering_key=header.ordering_key,
            operation=operation,
            platform=PLATFORM,
            part=0,
            key_id=header.key_id if said else "",
            source_partition=partition,
            source_offset=offset,
            attempt=attempt,
            step=Step.SEND,
            state=state,
            outcome_class=OutcomeClass.REFUSED_MESSAGE if state is DeliveryState.DEAD else None,
            code=code,
            started_at=self.clock.now(),
            finished_at=self.clock.now(),
            ruling=ruling,
        )
        key = await self.keys.key(header.key_id)
        sealed = seal(made.model_dump_json().encode(), said.encode(), key).to_bytes()
        await self.log.append(OUTCOMES, header.ordering_key.encode(), sealed)
        await self.project()

    async def dead(
        self, number: int, *, code: str = "-1", said: str = "", agency: str = "H56.14", **changes: Any
    ) -> None:
        """Accept the message of that number, and let its delivery be refused."""
        await self.accept(number, agency=agency, **changes)
        await self.outcome(number, DeliveryState.DEAD, code=code, said=said)

    async def park(self, number: int, **changes: Any) -> None:
        """Put a dead delivery into the parking place with another body, as a replay does that corrects it."""
        value, partition, offset = await self._command(number)
        header = read_header(value)
        stated = submission(code=header.ordering_key, **{"progress": [], **changes})
        key = await self.keys.key(header.key_id)
        body = stated.model_dump_json(exclude_defaults=True).encode()
        row = ParkedRow(
            id=delivery(number),
            lane=LaneKey(header.ordering_key, PLATFORM),
            partition=partition,
            offset=offset,
            index=0,
            state=DeliveryState.DEAD,
            attempts=1,
            due_at=self.clock.now(),
            envelope=seal(Envelope.from_bytes(value).header, body, key).to_bytes(),
        )
        epoch = (await self.parking.take_over(partition, 0)).epoch
        await self.parking.put(partition, epoch, [row])

    async def project(self) -> None:
        """Bring the read models to the end of the log."""
        for topic in (COMMANDS, OUTCOMES):
            for partition in range(self.log.partitions(topic)):
                await self._projector.catch_up(topic, partition)

    # --- what operators do -------------------------------------------------------------------------------------------

    async def work(self, rounds: int = 1) -> float:
        """Let the job run so many rounds in virtual time, project what it appended, and return the seconds it took."""
        started_s = self.clock.monotonic()
        for _ in range(rounds):
            await self.clock.advance(0.2)
            task = asyncio.create_task(self.execution.run_once())
            while not task.done():
                await self.clock.advance(0.01)
                await asyncio.sleep(0.001)
            await task
        await self.project()
        return self.clock.monotonic() - started_s

    async def place(self, by: Principal = PROVINCE, key: str = "k1", **stated: Any) -> Order:
        """Place an order."""
        return await self.orders.place(by, order_request(**stated), key)

    async def rulings(self) -> list[tuple[CommandHeader, RulingBody]]:
        """Return every ruling in the log, by partition."""
        found = []
        for partition in range(self.log.partitions(COMMANDS)):
            for record in await self.log.read(COMMANDS, partition, 0, 10_000):
                header = read_header(record.value)
                if header.ruling is not None:
                    found.append((header, await self.bodies.ruling(record.value)))
        return found

    async def _command(self, number: int) -> tuple[bytes, int, int]:
        for partition in range(self.log.partitions(COMMANDS)):
            for record in await self.log.read(COMMANDS, partition, 0, 10_000):
                if read_header(record.value).message_id == message_id(number):
                    return record.value, partition, record.offset
        raise AssertionError(number)

    async def _said(self, value: bytes) -> str:
        envelope = Envelope.from_bytes(value)
        key = await self.keys.key(OutcomeHeader.model_validate_json(envelope.header).key_id)
        return unseal(envelope, key).decode()

    def _check(self, stated: DossierSubmission) -> Any:
        return check_submission(stated, DossierCode.parse(stated.code), catalogue(), self.clock.now())


def order_request(**stated: Any) -> OrderRequest:
    """Return an order as JSON states it; everything of the portal, unless something else is selected."""
    everything = {"matching": {"platform": PLATFORM}}
    document = {"action": "replay", "select": everything, "reason": "đã kiểm tra", "officer": "vh01", **stated}
    return OrderRequest.model_validate_json(orjson.dumps(document))
