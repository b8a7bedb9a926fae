"""What follows from a try: the delivery's next state, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.ports import DoubtRule, Effect, Finding
from schemas.delivery import DeliveryState, OutcomeClass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting between tries: doubles from `first_s` to `max_s`, with full jitter above half."""

    first_s: float = 1.0
    max_s: float = 300.0

    def delay_s(self, attempts: int, jitter: float) -> float:
        """Return the wait after `attempts` tries; `jitter` is a random number in [0, 1)."""
        ceiling_s = min(self.max_s, self.first_s * 2.0 ** min(attempts - 1, 30))
        return ceiling_s * (0.5 + 0.5 * jitter)


@dataclass(frozen=True, slots=True)
class Decision:
    """The state a delivery is in now. Without `next_try_at` it waits for a person, or needs nothing more."""

    state: DeliveryState
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What a decision may depend on besides the outcome: the tries made, the time and a random number."""

    attempts: int
    now: datetime
    jitter: float
    backoff: Backoff

    @property
    def later(self) -> datetime:
        """When the next try is due."""
        return self.now + timedelta(seconds=self.backoff.delay_s(max(self.attempts, 1), self.jitter))


def after_send(outcome: OutcomeClass, on_doubt: DoubtRule, moment: Moment) -> Decision:
    """Decide after a send. A refused account spares the message; a refused message holds its lane."""
    match outcome:
        case OutcomeClass.DELIVERED | OutcomeClass.ALREADY_THERE:
            return Decision(DeliveryState.DELIVERED)
        case OutcomeClass.REFUSED_MESSAGE:
            return Decision(DeliveryState.DEAD)
        case OutcomeClass.REFUSED_US | OutcomeClass.UNAVAILABLE:
            return Decision(DeliveryState.PARKED, moment.later)
        case OutcomeClass.UNKNOWN if on_doubt is DoubtRule.OPERATOR:
            return Decision(DeliveryState.IN_DOUBT)
        case OutcomeClass.UNKNOWN:
            return Decision(DeliveryState.IN_DOUBT, moment.later)


def after_inquiry(finding: Finding) -> Decision:
    """Decide after an inquiry that got an answer: what has not arrived is sent next."""
    return Decision(DeliveryState.DELIVERED if finding is Finding.PRESENT else DeliveryState.WAITING)


def after_failed_inquiry(moment: Moment) -> Decision:
    """Decide after an inquiry without an answer: the doubt stays."""
    return Decision(DeliveryState.IN_DOUBT, moment.later)


def may_double(effect: Effect, on_doubt: DoubtRule) -> bool:
    """Whether sending again in doubt can leave two effects at the platform."""
    return effect is Effect.APPEND and on_doubt is DoubtRule.RESEND
