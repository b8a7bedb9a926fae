"""What a platform lacks is ordered to be sent again: one ruling in the log, under the dossier's ordering key."""

from hub.pipeline.rulings import ruling_id
from hub.ports import Clock, Delivered, DossierFacts, Found, Keys, Log, ReconciliationStore
from hub.reconciliation.bodies import Bodies
from hub.reconciliation.inquiry import ACCOUNT, PURPOSE, SYSTEM, Inquiries
from hub.reconciliation.report import Report
from hub.reconciliation.tenure import Tenure
from hub.reconciliation.walk import Stopped
from hub.sealing import seal
from schemas.delivery import CommandHeader, MessageKind
from schemas.dossier import DossierSubmission
from schemas.reconciliation import Follows, Reconciliation, StopReason
from schemas.ruling import Ruling, RulingBody, Verdict
from schemas.topics import COMMANDS

_PAGE_DOSSIERS = 100


class Resends:
    """Works through what a run has to send again, at the pace of the run."""

    def __init__(
        self,
        *,
        store: ReconciliationStore,
        tenure: Tenure,
        bodies: Bodies,
        rulings: "Rulings",
        inquiries: Inquiries,
        report: Report,
    ) -> None:
        self._store = store
        self._tenure = tenure
        self._bodies = bodies
        self._rulings = rulings
        self._inquiries = inquiries
        self._report = report

    async def to_the_end(self, run: Reconciliation) -> None:
        """Order what is left. Errors: Stopped (nothing was ordered); those of store, log and keys."""
        if _ordered(run, Follows.TO_RESEND) + _ordered(run, Follows.RESENT) > run.resend_max:
            raise Stopped(StopReason.RESEND_MAX)
        while page := await self._store.to_resend(run.id, _PAGE_DOSSIERS):
            for found in page:
                await self._inquiries.pace(run)
                await self._tenure.settle(run, found.ordering_key, await self._resend(run, found))

    async def _resend(self, run: Reconciliation, found: Found) -> Follows:
        facts = await self._store.facts(found.ordering_key, run.operation, run.platform)
        if facts is None or facts.owed or not facts.delivered or facts.delivered[0].id != found.delivery:
            return Follows.OVERTAKEN
        body = await self._bodies.sent(facts, facts.delivered[0])
        if body is None:
            return Follows.NEEDS_PERSON
        # What had arrived in time once is not too late now.
        await self._rulings.append(run, facts, body.model_copy(update={"deliver_by": None}))
        self._report.resent(run.platform)
        return Follows.RESENT


def _ordered(run: Reconciliation, follows: Follows) -> int:
    return sum(each.dossiers for each in run.differences if each.follows is follows)


class Rulings:
    """Appends rulings. One of a run and a delivery has the same id however often it is appended."""

    def __init__(self, log: Log, keys: Keys, clock: Clock) -> None:
        self._log = log
        self._keys = keys
        self._clock = clock

    async def append(self, run: Reconciliation, facts: DossierFacts, submission: DossierSubmission) -> None:
        """Order that the newest delivered state of a dossier is sent again; durable when this returns.

        Errors: those of log and keys.
        """
        key_id, key = await self._keys.key_for(facts.ordering_key)
        header = self._header(run, facts, key_id)
        body = RulingBody(reason=f"reconciliation {run.id}", officer=PURPOSE, submission=submission)
        envelope = seal(header.model_dump_json().encode(), body.model_dump_json(exclude_defaults=True).encode(), key)
        await self._log.append(COMMANDS, facts.ordering_key.encode(), envelope.to_bytes())

    def _header(self, run: Reconciliation, facts: DossierFacts, key_id: str) -> CommandHeader:
        delivered = facts.delivered[0]
        return CommandHeader(
            kind=MessageKind.RULING,
            message_id=ruling_id(run.id, run.requested_at, delivered.id),
            ordering_key=facts.ordering_key,
            code_as_given=facts.code_as_given,
            sender_agency=delivered.sender_agency,
            sender_system=SYSTEM,
            revision=1,
            received_at=self._clock.now(),
            key_id=key_id,
            deliveries=(),
            ruling=_ruling(run, delivered),
        )


def _ruling(run: Reconciliation, delivered: Delivered) -> Ruling:
    return Ruling(
        verdict=Verdict.RESEND,
        message_id=delivered.id.message_id,
        operation=delivered.id.operation,
        platform=delivered.platform,
        part=delivered.id.part,
        of=delivered.of,
        index=delivered.index,
        by=ACCOUNT,
        approved_by=None,
        order=run.id,
    )
