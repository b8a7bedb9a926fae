"""One dossier: what the ledger counts as delivered, beside what the platform shows."""

from collections.abc import Callable
from dataclasses import dataclass

from hub.errors import ReplyUnreadable
from hub.pipeline.reconciliation import Seen, cause_of, follows_of
from hub.ports import Clock, Comparable, Delivered, DossierFacts, Found, Job, ReconciliationStore, Shown
from hub.reconciliation.bodies import Bodies
from hub.reconciliation.inquiry import About, Inquiries
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure
from schemas.reconciliation import Cause, Difference, Reconciliation


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one dossier. `asked` is False when nothing was compared: something of it is owed."""

    asked: bool
    found: Found | None = None
    owed: bool = False


class Comparing:
    """Compares dossiers. `procedure` finds the catalogue's version for a submission."""

    def __init__(
        self,
        store: ReconciliationStore,
        bodies: Bodies,
        inquiries: Inquiries,
        clock: Clock,
        procedure: Callable[[DossierSubmission], Procedure | None],
    ) -> None:
        self._store = store
        self._bodies = bodies
        self._inquiries = inquiries
        self._clock = clock
        self._procedure = procedure

    async def compare(self, run: Reconciliation, operation: Comparable, ordering_key: str, message_id: str) -> Compared:
        """Compare the newest delivered state of a dossier, which must be that of the message.

        Errors: NotSent, ReplyLost and RefusedUs of the platform; those of store, log, keys and audit.
        """
        facts = await self._facts(ordering_key, operation, message_id)
        if facts is None:
            return Compared(asked=False, owed=True)
        newest = await self._job(facts, facts.delivered[0])
        try:
            shown = await self._inquiries.ask(run, operation, _about(facts, newest))
        except ReplyUnreadable:
            return Compared(asked=True, found=self._found(facts, Cause.NOT_COMPARABLE, None, newest))
        cause = cause_of(await self._seen(facts, newest, shown))
        if cause is None:
            return Compared(asked=True)
        if await self._facts(ordering_key, operation, message_id) is None:
            # Something new came while the platform was asked: the difference may be nothing but that.
            return Compared(asked=True, owed=True)
        return Compared(asked=True, found=self._found(facts, cause, shown, newest))

    async def _facts(self, ordering_key: str, operation: Comparable, message_id: str) -> DossierFacts | None:
        """Return the facts of a dossier of which nothing is owed, and whose newest delivered state is the message's."""
        facts = await self._store.facts(ordering_key, operation.name, operation.platform)
        if facts is None or facts.owed or not facts.delivered or facts.delivered[0].id.message_id != message_id:
            return None
        return facts

    async def _seen(self, facts: DossierFacts, newest: Job | None, shown: Shown | None) -> Seen:
        if shown is None:
            return Seen(known=False)
        if newest is None:
            return Seen(known=True, readable=False)
        differing = shown.differing(newest)
        if not differing:
            return Seen(known=True)
        earlier = [await self._job(facts, each) for each in facts.delivered[1:]]
        same_status = shown.status is newest.submission.status
        return Seen(
            known=True,
            differing=differing,
            same_status=same_status,
            earlier=any(_was(shown, each, by_status=not same_status) for each in earlier if each is not None),
            remembered=facts.whole and None not in earlier,
        )

    async def _job(self, facts: DossierFacts, delivered: Delivered) -> Job | None:
        """Return a delivered state as it was sent; None when the hub can no longer read or place it."""
        body = await self._bodies.sent(facts, delivered)
        procedure = None if body is None else self._procedure(body)
        if body is None or procedure is None:
            return None
        return Job(delivered.id.message_id, body, procedure, delivered.id.part, delivered.of)

    def _found(self, facts: DossierFacts, cause: Cause, shown: Shown | None, newest: Job | None) -> Found:
        difference = Difference(
            dossier_code=facts.ordering_key,
            message_id=facts.delivered[0].id.message_id,
            cause=cause,
            follows=follows_of(cause, sendable=newest is not None),
            shown=None if shown is None or shown.status is None else shown.status.value,
            fields=tuple(shown.differing(newest)) if shown and newest and cause is Cause.DIFFERENT_CONTENT else (),
            found_at=self._clock.now(),
        )
        return Found(facts.delivered[0].id, facts.ordering_key, difference)


def _was(shown: Shown, sent: Job, *, by_status: bool) -> bool:
    """Whether the platform shows that state: its very content, or, where that tells them apart, its status."""
    return not shown.differing(sent) or (by_status and shown.status is sent.submission.status)


def _about(facts: DossierFacts, newest: Job | None) -> About:
    return About(
        message_id=facts.delivered[0].id.message_id,
        ordering_key=facts.ordering_key,
        code_as_given=newest.submission.code if newest else facts.code_as_given,
        procedure=newest.submission.procedure if newest else "",
    )
