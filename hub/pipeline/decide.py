"""What follows from a try: the delivery's next state, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.ports import DoubtRule, Effect, Finding
from schemas.delivery import DeliveryState, OutcomeClass

EXHAUSTED = "hub.exhausted"
"""The code of a delivery that failed too often, or for too long, while others got through."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waiting between tries: any time below a ceiling (full jitter), which doubles from `first_s` to `max_s`.

    Never less than a tenth of `first_s`: who draws zero must not spin.
    """

    first_s: float = 1.0
    max_s: float = 300.0

    def delay_s(self, attempts: int, jitter: float) -> float:
        """Return the wait after `attempts` tries; `jitter` is a random number in [0, 1)."""
        ceiling_s = min(self.max_s, self.first_s * 2.0 ** min(attempts - 1, 30))
        floor_s = self.first_s / 10
        return floor_s + (ceiling_s - floor_s) * jitter


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a delivery is tried that fails while its platform takes the same from others. None: for ever.

    `attempts_max` are such tries; `age_max_s` is counted from acceptance, and looked at after such a try only.
    """

    attempts_max: int | None = None
    age_max_s: float | None = None

    def exhausted(self, counted: int, age_s: float) -> bool:
        """Whether it is over after `counted` tries that speak against the message."""
        if not counted:
            return False
        tried_out = self.attempts_max is not None and counted >= self.attempts_max
        return tried_out or (self.age_max_s is not None and age_s >= self.age_max_s)


@dataclass(frozen=True, slots=True)
class Decision:
    """The state a delivery is in now. Without `next_try_at` it waits for a person, or needs nothing more."""

    state: DeliveryState
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """What a decision may depend on besides the outcome: the tries made, the time and a random number.

    `wait_s` is how long the platform asked to be left alone.
    """

    attempts: int
    now: datetime
    jitter: float
    backoff: Backoff
    wait_s: float = 0.0

    @property
    def later(self) -> datetime:
        """When the next try is due."""
        delay_s = self.backoff.delay_s(max(self.attempts, 1), self.jitter)
        return self.now + timedelta(seconds=max(delay_s, self.wait_s))


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


def still_in_doubt(decision: Decision) -> Decision:
    """Decide after a send in doubt: that this one did not arrive says nothing of the ones before."""
    return (
        Decision(DeliveryState.IN_DOUBT, decision.next_try_at) if decision.state is DeliveryState.PARKED else decision
    )


def after_inquiry(finding: Finding) -> Decision:
    """Decide after an inquiry that got an answer: what has not arrived is sent next."""
    return Decision(DeliveryState.DELIVERED if finding is Finding.PRESENT else DeliveryState.WAITING)


def after_failed_inquiry(moment: Moment) -> Decision:
    """Decide after an inquiry without an answer: the doubt stays."""
    return Decision(DeliveryState.IN_DOUBT, moment.later)


def given_up(decision: Decision) -> Decision:
    """Return what becomes of a delivery whose patience is over: what did not arrive is dead, a doubt is a person's."""
    if decision.state is DeliveryState.PARKED:
        return Decision(DeliveryState.DEAD)
    return Decision(decision.state)


def may_double(effect: Effect, on_doubt: DoubtRule) -> bool:
    """Whether sending again in doubt can leave two effects at the platform."""
    return effect is Effect.APPEND and on_doubt is DoubtRule.RESEND
