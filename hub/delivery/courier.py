"""Carries one delivery one step on: asks where there is doubt, sends, judges, writes the outcome down."""

import random
import re
from collections.abc import Callable
from datetime import datetime

from hub.delivery.absent import AbsentOperation
from hub.delivery.command import open_submission, read_header
from hub.delivery.outcomes import OutcomeWriter, Tried
from hub.delivery.recall import OVERTAKEN, WITHDRAWN
from hub.delivery.refusals import Refusals
from hub.delivery.terms import Terms
from hub.delivery.work import Work
from hub.errors import ConfigInvalid, HubError, NotOurs, PlatformFault, Unsealable
from hub.pipeline.classify import classify, classify_fault
from hub.pipeline.decide import (
    Decision,
    Moment,
    after_failed_inquiry,
    after_inquiry,
    after_send,
    may_double,
)
from hub.pipeline.expiry import EXPIRED, too_late, within_limit
from hub.ports import Clock, DoubtRule, Finding, Job, Keys, Reply
from hub.telemetry import WITHHELD, Metrics, logger
from schemas.delivery import CommandHeader, DeliveryState, OutcomeClass, Step
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure

Contact = OutcomeClass | None
"""The class of the last contact with a platform; None when there was none, so that nothing is known of the platform."""

_ANSWERED = OutcomeClass.ALREADY_THERE
"""The contact of a platform that answered an inquiry: it is well."""
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

    async def carry(self, work: Work) -> tuple[Decision, Contact]:
        """Bring the delivery as far as one try goes. Return its state and what the platform showed of itself."""
        work.attempts += 1
        header = read_header(work.envelope)
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
                return Decision(DeliveryState.WITHDRAWN), _ANSWERED
        limit = self._limit(work.lane.platform, header.received_at, job.submission.deliver_by)
        if not work.doubtful and too_late(limit, self._clock.now()):
            return await self._expire(work, header)
        return await self._send(work, header, job, limit)

    async def _expire(self, work: Work, header: CommandHeader) -> tuple[Decision, Contact]:
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

    async def _resolve_doubt(self, work: Work, header: CommandHeader, job: Job) -> tuple[Decision, Contact] | None:
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
        outcome, code, decision = await self._ask(work, job)
        tried = Tried(Step.INQUIRE, outcome, code, started_at, self._clock.now())
        await self._outcomes.write(work, header, tried, decision.state, decision.next_try_at)
        if decision.state is DeliveryState.WAITING:
            work.doubtful = False
            return None
        return decision, outcome or OutcomeClass.UNKNOWN

    async def _ask(self, work: Work, job: Job) -> tuple[OutcomeClass | None, str, Decision]:
        try:
            finding = await work.operation.inquire(job)
        except PlatformFault as fault:
            return classify_fault(fault), fault.problem_code, after_failed_inquiry(self._moment(work))
        except NotOurs:
            raise
        except Exception as fault:  # noqa: BLE001 - the loop's boundary: a defect in an adapter must not stop the lane
            _defect(work, fault)
            return OutcomeClass.UNKNOWN, _DEFECT, after_failed_inquiry(self._moment(work))
        outcome = OutcomeClass.ALREADY_THERE if finding is Finding.PRESENT else None
        return outcome, finding.value, after_inquiry(finding)

    async def _send(
        self, work: Work, header: CommandHeader, job: Job, limit: datetime | None
    ) -> tuple[Decision, Contact]:
        # Whoever is interrupted before the outcome is durable has left a doubt behind.
        work.doubtful = True
        started_at, started_s = self._clock.now(), self._clock.monotonic()
        outcome, code, text = await self._contact(work, job)
        outcome = self._concerned(work, outcome, code, text)
        decision = after_send(outcome, work.operation.on_doubt, self._moment(work))
        self._metrics.tries_total.inc(work.lane.platform, work.id.operation, outcome)
        self._metrics.try_seconds.observe(self._clock.monotonic() - started_s, work.lane.platform)
        kept = _DELIVERED_TEXT if decision.state is DeliveryState.DELIVERED else text
        tried = Tried(Step.SEND, outcome, code, started_at, self._clock.now(), kept)
        await self._outcomes.write(work, header, tried, decision.state, decision.next_try_at)
        work.doubtful, work.code = outcome is OutcomeClass.UNKNOWN, code
        if within_limit(decision, limit).state is DeliveryState.EXPIRED:
            decision, _ = await self._expire(work, header)
        return decision, OutcomeClass.UNKNOWN if code == _DEFECT else outcome

    async def _contact(self, work: Work, job: Job) -> tuple[OutcomeClass, str, str]:
        try:
            reply = await work.operation.send(job)
        except PlatformFault as fault:
            return classify_fault(fault), fault.problem_code, ""
        except NotOurs:
            raise
        except Exception as fault:  # noqa: BLE001 - the loop's boundary: a defect in an adapter must not stop the lane
            _defect(work, fault)
            given_up = work.attempts >= _DEFECT_TRIES_MIN and work.code == _DEFECT
            return OutcomeClass.REFUSED_MESSAGE if given_up else OutcomeClass.UNKNOWN, _DEFECT, ""
        return (classify(reply, work.operation.rules), *_told(reply))

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

    async def _broken(self, work: Work, header: CommandHeader, fault: HubError) -> tuple[Decision, Contact]:
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

    def _moment(self, work: Work) -> Moment:
        return Moment(work.attempts, self._clock.now(), self._jitter(), self._terms(work.lane.platform).backoff)


def _told(reply: Reply) -> tuple[str, str]:
    """Return (code, text) as they are kept: the code in clear, so that one that could name a person joins the text."""
    if _CODE.fullmatch(reply.code):
        return reply.code, reply.text
    return WITHHELD, f"{reply.code[:_CODE_CHARS_MAX]}: {reply.text}"


def _defect(work: Work, fault: Exception) -> None:
    _log.error("adapter_defect", operation=work.id.operation, exc_info=fault)
