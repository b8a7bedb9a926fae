"""One dossier: what the ledger counts as delivered, beside what the platform shows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import ReplyUnreadable
from hub.pipeline.reconciliation import Seen, cause_of, follows_of
from hub.ports import Clock, Comparable, Delivered, DossierFacts, Found, Job, ReconciliationStore, Shown
from hub.reconciliation.bodies import Bodies
from hub.reconciliation.inquiry import About, Inquiries
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure
from schemas.reconciliation import Cause, Difference, Reconciliation

Limit = Callable[[str, datetime, datetime | None], datetime | None]
"""Until when a delivery may arrive, from its platform, the time of its acceptance and what its sender said."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of one dossier. `asked` is False when nothing was compared: something of it is owed."""

    asked: bool
    found: Found | None = None
    owed: bool = False


@dataclass(frozen=True, slots=True)
class _Sent:
    """One delivered state: every job as which it may have been sent, the likeliest first."""

    delivered: Delivered
    jobs: Sequence[Job]


class Comparing:
    """Compares dossiers. `procedure` finds the catalogue's version for a submission."""

    def __init__(
        self,
        store: ReconciliationStore,
        bodies: Bodies,
        inquiries: Inquiries,
        clock: Clock,
        procedure: Callable[[DossierSubmission], Procedure | None],
        limit: Limit,
    ) -> None:
        self._store = store
        self._bodies = bodies
        self._inquiries = inquiries
        self._clock = clock
        self._procedure = procedure
        self._limit = limit

    async def compare(self, run: Reconciliation, operation: Comparable, ordering_key: str, message_id: str) -> Compared:
        """Compare the newest delivered state of a dossier, which must be that of the message.

        Errors: NotSent, ReplyLost and RefusedUs of the platform; those of store, log, keys and audit.
        """
        facts = await self._facts(ordering_key, operation, message_id)
        if facts is None:
            return Compared(asked=False, owed=True)
        newest = await self._sent(facts, facts.delivered[0])
        about = About(message_id, ordering_key, _code(facts, newest), _procedure_code(newest))
        try:
            shown = await self._inquiries.ask(run, operation, about)
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

    async def _seen(self, facts: DossierFacts, newest: _Sent, shown: Shown | None) -> Seen:
        if shown is None:
            return Seen(known=False)
        if not newest.jobs:
            return Seen(known=True, readable=False)
        differing = _differing(shown, newest)
        if not differing:
            return Seen(known=True)
        earlier = [await self._sent(facts, each) for each in facts.delivered[1:]]
        same_status = shown.status is newest.jobs[0].submission.status
        return Seen(
            known=True,
            differing=differing,
            same_status=same_status,
            earlier=any(_was(shown, each, by_status=not same_status) for each in earlier),
            remembered=facts.whole and all(each.jobs for each in earlier),
        )

    async def _sent(self, facts: DossierFacts, delivered: Delivered) -> _Sent:
        jobs = []
        for body in await self._bodies.sent(facts, delivered):
            procedure = self._procedure(body)
            if procedure is not None:
                jobs.append(Job(delivered.id.message_id, body, procedure, delivered.id.part, delivered.of))
        return _Sent(delivered, jobs)

    def _found(self, facts: DossierFacts, cause: Cause, shown: Shown | None, newest: _Sent) -> Found:
        status = None if shown is None or shown.status is None else shown.status.value
        content = shown is not None and newest.jobs and cause is Cause.DIFFERENT_CONTENT
        difference = Difference(
            dossier_code=facts.ordering_key,
            message_id=newest.delivered.id.message_id,
            cause=cause,
            follows=follows_of(cause, sendable=self._in_time(newest)),
            shown=status,
            fields=tuple(_differing(shown, newest)) if shown is not None and content else (),
            found_at=self._clock.now(),
        )
        return Found(newest.delivered.id, facts.ordering_key, difference)

    def _in_time(self, newest: _Sent) -> bool:
        """Whether the hub can still read what it would send, and it would not expire at once."""
        if not newest.jobs:
            return False
        until = self._limit(newest.delivered.platform, newest.delivered.received_at, None)
        return until is None or self._clock.now() < until


def _differing(shown: Shown, sent: _Sent) -> Sequence[str]:
    """Return the fields in which the platform differs from what was sent: from the body to which it is nearest."""
    return min((shown.differing(job) for job in sent.jobs), key=len)


def _was(shown: Shown, sent: _Sent, *, by_status: bool) -> bool:
    """Whether the platform shows that state: its very content, or, where that tells them apart, its status."""
    return any(not shown.differing(job) or (by_status and shown.status is job.submission.status) for job in sent.jobs)


def _code(facts: DossierFacts, newest: _Sent) -> str:
    return newest.jobs[0].submission.code if newest.jobs else facts.code_as_given


def _procedure_code(newest: _Sent) -> str:
    return newest.jobs[0].submission.procedure if newest.jobs else ""
