"""A small province to reconcile: dossiers that were delivered, and a platform that can lose what it has."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.errors import PlatformFault
from hub.ingress.message_ids import MessageIds
from hub.pipeline.reconciliation import Asker, Policy, new_run
from hub.ports import Job, Projected, ProjectedBatch
from hub.reconciliation.bodies import Bodies
from hub.reconciliation.comparing import Comparing
from hub.reconciliation.inquiry import ACCOUNT, Inquiries
from hub.reconciliation.reconciler import Reconciler
from hub.reconciliation.report import Report
from hub.reconciliation.resending import Resends, Rulings
from hub.reconciliation.tenure import Tenure
from hub.sealing import seal, unseal
from hub.store.database import Database
from hub.store.projection import SqlProjection
from hub.store.reconciliation import SqlReconciliation
from hub.telemetry import Metrics
from schemas.delivery import (
    CommandHeader,
    DeliveryState,
    MessageKind,
    OutcomeClass,
    OutcomeHeader,
    PlannedDelivery,
    Step,
)
from schemas.dossier import DossierStatus, DossierSubmission
from schemas.envelope import Envelope
from schemas.reconciliation import Difference, Reconciliation, ReconciliationOrder
from schemas.ruling import Ruling, RulingBody, Verdict
from tests.clock import ManualClock
from tests.fakes.audit import MemoryAudit
from tests.fakes.keys import MemoryKeys
from tests.fakes.logs import TroubledLog
from tests.fakes.rest import catalogue, submission

NAME, PLATFORM = "portal.state", "portal"
OWES = (PlannedDelivery(operation=NAME, platform=PLATFORM), PlannedDelivery(operation="portal.work", platform=PLATFORM))
T0 = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
POLICY = Policy(
    days_back=8,
    calls_per_s=2.0,
    calls_max=1000,
    settled_s=900.0,
    resend=True,
    resend_max=100,
    lacking_percent_max=20,
)


class StridingClock(ManualClock):
    """Time that goes on by itself: whoever sleeps is there at once."""

    async def sleep(self, delay_s: float) -> None:
        """Stride."""
        self._elapsed_s += max(0.0, delay_s)
        await asyncio.sleep(0)


@dataclass(frozen=True, slots=True)
class ShownState:
    """What the platform has of a dossier."""

    submission: DossierSubmission

    @property
    def status(self) -> DossierStatus | None:
        """As the port."""
        return self.submission.status

    def differing(self, job: Job) -> Sequence[str]:
        """As the port, of two fields."""
        ours, theirs = job.submission, self.submission
        return [name for name in ("status", "summary") if getattr(ours, name) != getattr(theirs, name)]


class Platform:
    """The `Comparable` port: a book by code. `trouble` is raised in place of answers; `asked` are the codes, in order.

    `meanwhile` is awaited while the platform thinks.
    """

    name = NAME
    platform = PLATFORM

    def __init__(self) -> None:
        self.book: dict[str, DossierSubmission] = {}
        self.asked: list[str] = []
        self.trouble: list[PlatformFault] = []
        self.meanwhile: list[Any] = []

    async def show(self, code: str) -> ShownState | None:
        """As the port."""
        self.asked.append(code)
        for each in self.meanwhile:
            await each()
        if self.trouble:
            raise self.trouble.pop(0)
        held = self.book.get(code)
        return None if held is None else ShownState(held)


class Province:
    """Log, keys, ledger and platform; `reconciler()` gives a process that works on runs."""

    def __init__(self, database: Database) -> None:
        self.clock = StridingClock(T0)
        self.log = TroubledLog(self.clock)
        self.keys = MemoryKeys()
        self.audit = MemoryAudit()
        self.platform = Platform()
        self.metrics = Metrics()
        self.store = SqlReconciliation(database)
        self._projection = SqlProjection(database)
        self._ids = MessageIds(self.clock)
        self._outcomes = 0

    def code(self, number: int) -> str:
        """The code of a dossier; lower numbers sort first."""
        return f"H56.14-261122-{number:04d}"

    async def accept(self, number: int, revision: int = 1, **changes: Any) -> tuple[str, DossierSubmission]:
        """Accept one state of a dossier: its command lies in the log and is projected. Return its id and body."""
        body = submission(code=self.code(number), revision=revision, **changes)
        message_id = self._ids.make()
        header = await self._header(message_id, body, MessageKind.DOSSIER, OWES)
        await self._append(header, body.model_dump_json(exclude_defaults=True).encode())
        return message_id, body

    async def deliver(
        self, number: int, revision: int = 1, *, arrives: bool = True, **changes: Any
    ) -> tuple[str, DossierSubmission]:
        """Accept one state of a dossier and deliver all that it owes."""
        message_id, body = await self.accept(number, revision, **changes)
        for planned in OWES:
            await self.outcome(number, message_id, planned.operation)
        if arrives:
            self.platform.book[body.code] = body
        self.clock._elapsed_s += 1
        return message_id, body

    async def outcome(
        self,
        number: int,
        message_id: str,
        operation: str = NAME,
        state: DeliveryState = DeliveryState.DELIVERED,
        ruling: str = "",
    ) -> None:
        """Project what came of a delivery."""
        header = OutcomeHeader(
            message_id=message_id,
            ordering_key=self.code(number),
            operation=operation,
            platform=PLATFORM,
            part=0,
            key_id="",
            source_partition=self._partition(number),
            source_offset=0,
            attempt=1,
            step=Step.SEND,
            state=state,
            outcome_class=OutcomeClass.DELIVERED,
            code="0",
            started_at=self.clock.now(),
            finished_at=self.clock.now(),
            ruling=ruling,
        )
        value = seal(header.model_dump_json().encode(), b"", b"").to_bytes()
        place = await self.log.append("hub.outcomes", self.code(number).encode(), value)
        record = (await self.log.read(place.topic, place.partition, place.offset, 1))[0]
        batch = ProjectedBatch([Projected(record, outcome=header)], place.offset + 1, place.offset)
        await self._projection.apply("hub.outcomes", {place.partition: batch})

    async def rule(self, number: int, message_id: str, corrected: DossierSubmission, *, obeyed: bool = True) -> None:
        """Let an operator's replay with a corrected body lie in the log; obeyed, or void."""
        ruling = Ruling(
            verdict=Verdict.REPLAY,
            message_id=message_id,
            operation=NAME,
            platform=PLATFORM,
            part=0,
            of=1,
            index=0,
            by="H56/van-hanh",
            order="o-1",
            corrected=True,
        )
        header = await self._header(self._ids.make(), corrected, MessageKind.RULING, (), ruling)
        body = RulingBody(reason="corrected", officer="vanhanh01", submission=corrected)
        await self._append(header, body.model_dump_json(exclude_defaults=True).encode())
        about = message_id if obeyed else header.message_id
        state = DeliveryState.DELIVERED if obeyed else DeliveryState.WITHDRAWN
        await self.outcome(number, about, state=state, ruling=header.message_id)

    def policy(self, **changes: Any) -> Policy:
        """The policy of most tests, with changes."""
        return replace(POLICY, **changes)

    async def order(self, run_id: str = "r-1", asker: Asker | None = None, **order: Any) -> Reconciliation:
        """Order a run an hour after the last delivery."""
        self.clock._elapsed_s += 3600
        asked = ReconciliationOrder(**order)
        run = new_run(run_id, asked, asker or Asker(ACCOUNT), self.platform, self.policy(), self.clock.now())
        return await self.store.order(run)

    def reconciler(self, holder: str = "run", alarm_above: int = 10) -> Reconciler:
        """Return a process that works on runs."""
        tenure = Tenure(self.store, self.clock, holder)
        bodies = Bodies(self.log, self.keys)
        inquiries = Inquiries(self.audit, self.clock, self)
        report = Report(self.metrics, alarm_above)
        return Reconciler(
            store=self.store,
            tenure=tenure,
            comparing=Comparing(self.store, bodies, inquiries, self.clock, catalogue().procedure_of),
            resends=Resends(
                store=self.store,
                tenure=tenure,
                bodies=bodies,
                rulings=Rulings(self.log, self.keys, self.clock),
                inquiries=inquiries,
                report=report,
            ),
            operations=[self.platform],
            clock=self.clock,
            report=report,
        )

    async def take(self, platform: str) -> None:
        """Leave to call is always given."""

    async def reconciled(self, run_id: str = "r-1", **order: Any) -> Reconciliation:
        """Order a run, have it worked on, and return it."""
        await self.order(run_id, **order)
        assert await self.reconciler().look()
        run = await self.store.run(run_id)
        assert run is not None
        return run

    async def found(self, run_id: str = "r-1") -> list[Difference]:
        """What a run found."""
        return list(await self.store.differences(run_id, "", 1000))

    async def told(self, run_id: str = "r-1") -> list[tuple[str, str, str]]:
        """What a run found: (dossier, cause, what follows)."""
        return [(each.dossier_code, each.cause.value, each.follows.value) for each in await self.found(run_id)]

    async def rulings(self) -> list[tuple[CommandHeader, RulingBody]]:
        """Return the rulings in the log, opened."""
        opened = []
        for record in await self.log.records("hub.commands"):
            envelope = Envelope.from_bytes(record.value)
            header = CommandHeader.model_validate_json(envelope.header)
            if header.kind == MessageKind.RULING:
                body = unseal(envelope, await self.keys.key(header.key_id))
                opened.append((header, RulingBody.model_validate_json(body)))
        return opened

    def _partition(self, number: int) -> int:
        return self.log.partition_of("hub.commands", self.code(number).encode())

    async def _header(
        self,
        message_id: str,
        body: DossierSubmission,
        kind: MessageKind,
        owes: tuple[PlannedDelivery, ...],
        ruling: Ruling | None = None,
    ) -> CommandHeader:
        key_id, _ = await self.keys.key_for(body.code)
        return CommandHeader(
            kind=kind,
            message_id=message_id,
            ordering_key=body.code,
            code_as_given=body.code,
            sender_agency="H56.14",
            sender_system="mot-cua",
            revision=1 if ruling else body.revision,
            received_at=self.clock.now(),
            key_id=key_id,
            deliveries=owes,
            ruling=ruling,
        )

    async def _append(self, header: CommandHeader, body: bytes) -> None:
        value = seal(header.model_dump_json().encode(), body, await self.keys.key(header.key_id)).to_bytes()
        place = await self.log.append("hub.commands", header.ordering_key.encode(), value)
        record = (await self.log.read(place.topic, place.partition, place.offset, 1))[0]
        batch = ProjectedBatch([Projected(record, command=header)], place.offset + 1, place.offset)
        await self._projection.apply("hub.commands", {place.partition: batch})


def later(moment: datetime, seconds: float) -> datetime:
    """Return a moment so many seconds later."""
    return moment + timedelta(seconds=seconds)
