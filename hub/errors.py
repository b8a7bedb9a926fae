"""The one error tree of the hub.

::

    HubError
    ├── CallerError                 the caller's fault; repeating it at once changes nothing
    │   ├── Malformed               not JSON, or not the media type
    │   ├── TooLarge                body over the limit
    │   ├── Invalid                 fields that broke a rule
    │   ├── Unauthenticated         no key, or a wrong one
    │   ├── Forbidden               no grant
    │   ├── NotFound                nothing there, or not for this caller
    │   ├── Conflict                key reused, revision backwards
    │   └── Rationed                its quota is used up for now; repeating it later helps
    ├── HubFault                    the hub's fault
    │   ├── Unavailable             the log or the store cannot write; nothing was done
    │   │   └── NotOurs             another process may own the partition by now; nothing was sent
    │   ├── WriteInDoubt            a write may or may not have happened
    │   ├── Overloaded              a bound was reached
    │   ├── StaleOwner              somebody else owns the partition by now
    │   ├── Unsealable              a body cannot be opened
    │   └── ConfigInvalid           the configuration is wrong
    └── PlatformFault               the platform's fault, or the road's
        ├── NotSent                 it definitely did not act
        ├── ReplyLost               it may have acted
        ├── ReplyUnreadable         it answered something that nobody can read; it may have acted
        └── RefusedUs               it refuses the hub's account or road

Each class says whose fault it is (`origin`), whether trying again can help (`retriable`), and whether it is certain
that nothing happened (`definite`). Codes and their texts are in `schemas.problem`. No error carries personal data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from schemas.problem import Origin


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A field and the rule of `schemas.problem.RULES` that it broke."""

    path: str
    rule: str


class HubError(Exception):
    """The root. `hint` is for the log and the operator; it holds no personal data."""

    code: ClassVar[str] = "hub.fault"
    origin: ClassVar[Origin] = Origin.HUB
    retriable: ClassVar[bool] = False
    definite: ClassVar[bool] = True

    def __init__(self, hint: str = "", *, code: str | None = None, retry_after_s: int | None = None) -> None:
        super().__init__(hint)
        self.hint = hint
        self.problem_code = code or self.code
        self.retry_after_s = retry_after_s


class CallerError(HubError):
    """The caller must change something."""

    code = "caller.invalid"
    origin = Origin.CALLER


class Malformed(CallerError):
    """The body cannot be read at all."""

    code = "caller.malformed"


class TooLarge(CallerError):
    """The body is over the limit."""

    code = "caller.too_large"


class Invalid(CallerError):
    """Fields broke rules."""

    code = "caller.invalid"

    def __init__(self, broken: Sequence[BrokenRule]) -> None:
        super().__init__(", ".join(f"{rule.path}: {rule.rule}" for rule in broken))
        self.broken = tuple(broken)


class Unauthenticated(CallerError):
    """No key, or a wrong one."""

    code = "caller.unauthenticated"


class Forbidden(CallerError):
    """The caller is known and may not."""

    code = "caller.no_grant"


class NotFound(CallerError):
    """Nothing there, or not for this caller: the two look alike on purpose."""

    code = "caller.not_found"


class Conflict(CallerError):
    """The request contradicts what was accepted before."""

    code = "caller.key_reused"


class Rationed(CallerError):
    """The caller's quota is used up for now."""

    code = "caller.quota"
    retriable = True


class HubFault(HubError):
    """The hub cannot keep a promise right now."""


class Unavailable(HubFault):
    """The log or the store cannot write; nothing was done."""

    code = "hub.unavailable"
    retriable = True


class NotOurs(Unavailable):
    """It is not certain that the partition is still ours; nothing was sent."""


class WriteInDoubt(HubFault):
    """A write may or may not have happened; the caller repeats it under the same key."""

    code = "hub.in_doubt"
    retriable = True
    definite = False


class Overloaded(HubFault):
    """A bound was reached."""

    code = "hub.overloaded"
    retriable = True


class StaleOwner(HubFault):
    """Another process owns the partition; whatever this one still wants to write is void."""

    code = "hub.stale_owner"


class Unsealable(HubFault):
    """A sealed body cannot be opened: key gone, or bytes changed."""

    code = "hub.unsealable"


class ConfigInvalid(HubFault):
    """The configuration is wrong; the hint names file, line and key."""

    code = "hub.config"


class PlatformFault(HubError):
    """A platform, or the road to it, failed."""

    origin = Origin.PLATFORM
    retriable = True


class NotSent(PlatformFault):
    """The platform definitely did not act: refused connection, name unknown, TLS failed, body not sent."""

    code = "platform.unavailable"


class ReplyLost(PlatformFault):
    """The request went out and no whole reply came back."""

    code = "platform.reply_lost"
    definite = False


class ReplyUnreadable(PlatformFault):
    """A reply came that is not what the interface allows."""

    code = "platform.unreadable"
    definite = False


class RefusedUs(PlatformFault):
    """The platform refuses the hub itself: password, certificate, address, path."""

    code = "platform.refused_us"
    retriable = False
