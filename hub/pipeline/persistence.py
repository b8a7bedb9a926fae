"""Whether a question to a platform is put again within one call, and when. No I/O.

Only questions: they have no effect, so that putting one again doubles nothing.
"""

from dataclasses import dataclass

from hub.errors import NotSent, PlatformFault, ReplyLost
from hub.pipeline.decide import Backoff

_BACKOFF = Backoff(first_s=0.2, max_s=2.0)
_LEAST_S = 0.5
"""What must be left of a deadline behind the wait: a call that can only be cut short is not begun."""


def transient(fault: BaseException) -> bool:
    """Whether the same question may find an answer a moment later: no connection, a lost reply, a busy platform.

    What was answered and cannot be read, or was refused, will be so again.
    """
    return isinstance(fault, NotSent | ReplyLost)


def asked_wait_s(fault: BaseException | None) -> float:
    """Return for how long the platform asked to be left alone."""
    return float((fault.retry_after_s or 0) if isinstance(fault, PlatformFault) else 0)


@dataclass(frozen=True, slots=True)
class Persistence:
    """At most `attempts_max` tries of one question; 1: it is put once."""

    attempts_max: int = 3
    backoff: Backoff = _BACKOFF

    def wait_s(self, fault: BaseException | None, tries: int, jitter: float) -> float:
        """Return the wait after `tries` tries: full jitter, and never less than the platform asked for.

        `jitter` is a random number in [0, 1).
        """
        return max(self.backoff.delay_s(tries, jitter), asked_wait_s(fault))

    def enough(self, tries: int, wait_s: float, left_s: float) -> bool:
        """Whether it is over after `tries` tries, the next one being due in `wait_s` and the deadline in `left_s`."""
        return tries >= self.attempts_max or wait_s + _LEAST_S > left_s


ONCE = Persistence(attempts_max=1)
"""Nothing is put again."""
