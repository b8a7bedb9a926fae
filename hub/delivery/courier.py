"""Carries one delivery one step on: asks where there is doubt, sends, judges, writes the outcome down."""

import random
import re
from collections.abc import Callable
from datetime import datetime

from hub.delivery.decisions.recall import OVERTAKEN, WITHDRAWN
from hub.delivery.tries.absent import AbsentOperation
from hub.delivery.tries.command import open_submission, read_header
from hub.delivery.tries.contact import ANSWERED, Contact
from hub.delivery.tries.outcomes import OutcomeWriter, Tried
from hub.delivery.tries.refusals import Refusals
from hub.delivery.tries.terms import Terms
from hub.delivery.work import Work
from hub.errors import ConfigInvalid, HubError, NotOurs, PlatformFault, Unsealable
from hub.pipeline.classify import classify, classify_fault
from hub.pipeline.decide import (
    EXHAUSTED,
    Decision,
    Moment,
    after_failed_inquiry,
    after_inquiry,
    after_send,
    given_up,
    may_double,
    still_in_doubt,
)
from hub.pipeline.expiry import EXPIRED, too_late, within_limit
from hub.ports import Clock, DoubtRule, Job, Keys, Reply
from hub.telemetry import WITHHELD, Metrics, logger
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, Step
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure

_FAILED = frozenset({OutcomeClass.UNAVAILABLE, OutcomeClass.UNKNOWN})
_RETRY_AFTER_MIN_S = 1.0
_DEFECT = "hub.fault"
_DEFECT_TRIES_MIN = 5
"""Before this many tries nothing is given up; after it, the second defect in a row is the last."""
_DELIVERED_TEXT = ""
_CODE_CHARS_MAX = 100
_CODE = re.compile(r"(?!.*[0-9]{8})[A-Za-z0-9._:+\-]{0,40}", re.ASCII)
"""What a platform's code looks like: no blanks, no letters with marks, no number as long as a person's."""

_log = logger("delivery")


class Courier:
    """Makes one try of one delivery. Everything it learns is durable in the log when `carry` returns.

    What the hub itself cannot do right now (HubFault) is raised, and says nothing about message or platform.
    `terms` is asked per platform. `limit` says until when a delivery may arrive, from its platform, the time of its
    acceptance and what its sender said; None when it is never too late.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        keys: Keys,
        outcomes: OutcomeWriter,
        procedure: Callable[[DossierSubmission], Procedure | None],
        terms: Callable[[str], Terms],
        metrics: Metrics,
        jitter: Callable[[], float] = random.random,
        limit: Callable[[str, datetime, datetime | None], datetime | None] = lambda _p, _at, by: by,
    ) -> None:
        self._limit = limit
        self._clock = clock
        self._keys = keys
        self._outcomes = outcomes
        self._procedure = procedure
        self._terms = terms
        self._metrics = metrics
        self._jitter = jitter
        self._refusals: dict[str, Refusals] = {}

    def longest_wait_s(self, platform: str) -> float:
        """Return the longest wait that somebody obeys who finds it written down for a delivery to a platform.

        A platform may have asked for more. But a time that lies an hour ahead may as well be that of a clock which ran
        ahead; to ask a platform too early costs a call or two, and to believe such a clock would cost the hour.
        """
        return self._terms(platform).backoff.max_s

    async def carry(self, work: Work, counted: Callable[[], int] = lambda: 0) -> tuple[Decision, Contact | None]:
        """Bring the delivery as far as one try goes. Return its state and what the platform showed of itself.

        `counted` is asked after a failure: how many tries, this one included, speak against the delivery.
        """
        work.attempts += 1
        work.calls = 0
        header = read_header(work.envelope)
        decision, contact = await self._carry(work, header)
        failed = contact is not None and contact.outcome in _FAILED and decision.next_try_at is not None
        if failed and self._exhausted(work, header, counted()):
            decision = await self._give_up(work, header, decision)
        return decision, contact

    def _exhausted(self, work: Work, header: CommandHeader, counted: int) -> bool:
        age_s = (self._clock.now() - header.received_at).total_seconds()
        return self._terms(work.lane.platform).patience.exhausted(counted, age_s)

    async def _give_up(self, work: Work, header: CommandHeader, decision: Decision) -> Decision:
        """Leave a delivery that fails by itself to a person; durable when this returns."""
        now, decision = self._clock.now(), given_up(decision)
        await self._outcomes.write(work, header, Tried(Step.NONE, None, EXHAUSTED, now, now), decision.state, None)
        work.code = EXHAUSTED
        return decision

    async def _carry(self, work: Work, header: CommandHeader) -> tuple[Decision, Contact | None]:
        try:
            job = await self._job(work, header)
        except (Unsealable, ConfigInvalid) as fault:
            return await self._broken(work, header, fault)
        if work.doubtful:
            asked = await self._resolve_doubt(work, header, job)
            if asked is not None:
                return asked
            if work.recalled and not work.doubtful:
                await self.withdraw(work)
                return Decision(DeliveryState.WITHDRAWN), ANSWERED
        limit = self._limit(work.lane.platform, header.received_at, job.submission.deliver_by)
        if not work.doubtful and too_late(limit, self._clock.now()):
            return await self._expire(work, header)
        return await self._send(work, header, job, limit)

    async def _expire(self, work: Work, header: CommandHeader) -> tuple[Decision, None]:
        """End a delivery that cannot arrive in time; no platform is asked."""
        now = self._clock.now()
        tried = Tried(Step.NONE, None, EXPIRED, now, now)
        await self._outcomes.write(work, header, tried, DeliveryState.EXPIRED, None)
        return Decision(DeliveryState.EXPIRED), None

    async def withdraw(self, work: Work) -> None:
        """End a delivery that has not begun, or is known not to have arrived; durable when this returns."""
        now = self._clock.now()
        tried = Tried(Step.NONE, None, OVERTAKEN if work.overtaken else WITHDRAWN, now, now)
        await self._outcomes.write(work, read_header(work.envelope), tried, DeliveryState.WITHDRAWN, None)

    async def _job(self, work: Work, header: CommandHeader) -> Job:
        if isinstance(work.operation, AbsentOperation):
            raise ConfigInvalid(f"operation {work.id.operation} is not configured")
        submission = await open_submission(work.envelope, header.key_id, self._keys)
        procedure = self._procedure(submission)
        if procedure is None:
            raise ConfigInvalid(f"procedure {submission.procedure} is not in the catalogue")
        return Job(work.id.message_id, submission, procedure, work.id.part, work.of)

    async def _resolve_doubt(
        self, work: Work, header: CommandHeader, job: Job
    ) -> tuple[Decision, Contact | None] | None:
        """Follow the doubt rule. None means: send."""
        match work.operation.on_doubt:
            case DoubtRule.RESEND:
                work.possibly_doubled = work.possibly_doubled or may_double(
                    work.operation.effect, work.operation.on_doubt
                )
                return None
            case DoubtRule.OPERATOR:
                now = self._clock.now()
                tried = Tried(Step.NONE, None, "hub.operator_asked", now, now)
                await self._outcomes.write(work, header, tried, DeliveryState.IN_DOUBT, None)
                return Decision(DeliveryState.IN_DOUBT), None
            case DoubtRule.INQUIRE:
                return await self._inquire(work, header, job)

    async def _inquire(self, work: Work, header: CommandHeader, job: Job) -> tuple[Decision, Contact] | None:
        started_at = self._clock.now()
        self._metrics.inquiries_total.inc(work.lane.platform)
        work.calls += 1
        contact, code, decision = await self._ask(work, job)
        outcome = None if decision.state is DeliveryState.WAITING else contact.outcome
        tried = Tried(Step.INQUIRE, outcome, code, started_at, self._clock.now())
        await self._outcomes.write(work, header, tried, decision.state, decision.next_try_at)
        if decision.state is DeliveryState.WAITING:
            work.doubtful = False
            return None
        return decision, contact

    async def _ask(self, work: Work, job: Job) -> tuple[Contact, str, Decision]:
        try:
            finding = await work.operation.inquire(job)
        except PlatformFault as fault:
            contact = Contact(classify_fault(fault), self._wait_s(work, fault.retry_after_s))
            return contact, fault.problem_code, after_failed_inquiry(self._moment(work, contact.wait_s))
        except NotOurs:
            raise
        except Exception as fault:  # noqa: BLE001 - the loop's boundary: a defect in an adapter must not stop the lane
            _defect(work, fault)
            return Contact(OutcomeClass.UNKNOWN), _DEFECT, after_failed_inquiry(self._moment(work))
        return ANSWERED, finding.value, after_inquiry(finding)

    async def _send(
        self, work: Work, header: CommandHeader, job: Job, limit: datetime | None
    ) -> tuple[Decision, Contact | None]:
        # Whoever is interrupted before the outcome is durable has left a doubt behind.
        doubtful, work.doubtful = work.doubtful, True
        started_at, started_s = self._clock.now(), self._clock.monotonic()
        work.calls += 1
        contact, code, text = await self._contact(work, job)
        outcome = self._concerned(work, contact.outcome, code, text)
        decision = after_send(outcome, work.operation.on_doubt, self._moment(work, contact.wait_s))
        decision = still_in_doubt(decision) if doubtful else decision
        self._metrics.tries_total.inc(work.lane.platform, work.id.operation, outcome)
        self._metrics.try_seconds.observe(self._clock.monotonic() - started_s, work.lane.platform)
        kept = _DELIVERED_TEXT if decision.state is DeliveryState.DELIVERED else text
        tried = Tried(Step.SEND, outcome, code, started_at, self._clock.now(), kept)
        await self._outcomes.write(work, header, tried, decision.state, decision.next_try_at)
        work.doubtful, work.code = decision.state is DeliveryState.IN_DOUBT, code
        if within_limit(decision, limit).state is DeliveryState.EXPIRED:
            decision, _ = await self._expire(work, header)
        return decision, Contact(OutcomeClass.UNKNOWN if code == _DEFECT else outcome, contact.wait_s)

    async def _contact(self, work: Work, job: Job) -> tuple[Contact, str, str]:
        try:
            reply = await work.operation.send(job)
        except PlatformFault as fault:
            return Contact(classify_fault(fault), self._wait_s(work, fault.retry_after_s)), fault.problem_code, ""
        except NotOurs:
            raise
        except Exception as fault:  # noqa: BLE001 - the loop's boundary: a defect in an adapter must not stop the lane
            _defect(work, fault)
            last = work.attempts >= _DEFECT_TRIES_MIN and work.code == _DEFECT
            return Contact(OutcomeClass.REFUSED_MESSAGE if last else OutcomeClass.UNKNOWN), _DEFECT, ""
        outcome = classify(reply, work.operation.rules)
        return Contact(outcome, self._wait_s(work, reply.retry_after_s)), *_told(reply)

    def _concerned(self, work: Work, outcome: OutcomeClass, code: str, text: str) -> OutcomeClass:
        """Return whom an answer concerns: a platform that refuses one dossier after the other alike means the hub."""
        refusals = self._refusals_of(work.lane.platform)
        if outcome in (OutcomeClass.DELIVERED, OutcomeClass.ALREADY_THERE):
            refusals.forget(work.id.operation)
            return outcome
        if outcome is not OutcomeClass.REFUSED_MESSAGE or code == _DEFECT:
            return outcome
        ours = refusals.concern_us(work.id.operation, work.lane.ordering_key, code, text)
        return OutcomeClass.REFUSED_US if ours else outcome

    def _refusals_of(self, platform: str) -> Refusals:
        known = self._refusals.get(platform)
        if known is None:
            known = self._refusals[platform] = Refusals(self._terms(platform).refusals_equal_max)
        return known

    async def _broken(self, work: Work, header: CommandHeader, fault: HubError) -> tuple[Decision, None]:
        """A message that cannot be read is dead; one that nobody can place waits, as doubtful as it was."""
        now = self._clock.now()
        _log.error("message_unusable", message_id=work.id.message_id, code=fault.problem_code)
        if isinstance(fault, ConfigInvalid):
            state = DeliveryState.IN_DOUBT if work.doubtful else DeliveryState.PARKED
            outcome, decision = OutcomeClass.REFUSED_US, Decision(state, self._moment(work).later)
        else:
            outcome, decision = OutcomeClass.REFUSED_MESSAGE, Decision(DeliveryState.DEAD)
        tried = Tried(Step.NONE, outcome, fault.problem_code, now, now)
        await self._outcomes.write(work, header, tried, decision.state, decision.next_try_at)
        return decision, None

    def _moment(self, work: Work, wait_s: float = 0.0) -> Moment:
        backoff = self._terms(work.lane.platform).backoff
        return Moment(work.attempts, self._clock.now(), self._jitter(), backoff, wait_s)

    def _wait_s(self, work: Work, asked_s: float | None) -> float:
        """Return for how long a platform is left alone that asked for it."""
        if asked_s is None:
            return 0.0
        return min(max(asked_s, _RETRY_AFTER_MIN_S), self._terms(work.lane.platform).retry_after_max_s)


def _told(reply: Reply) -> tuple[str, str]:
    """Return (code, text) as they are kept: the code in clear, so that one that could name a person joins the text."""
    if _CODE.fullmatch(reply.code):
        return reply.code, reply.text
    return WITHHELD, f"{reply.code[:_CODE_CHARS_MAX]}: {reply.text}"


def _defect(work: Work, fault: Exception) -> None:
    _log.error("adapter_defect", operation=work.id.operation, exc_info=fault)
