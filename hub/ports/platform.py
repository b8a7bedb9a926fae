"""What the hub asks of a platform."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from schemas.citizen import Citizen, CitizenQuery
from schemas.delivery import OutcomeClass
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure


class Effect(StrEnum):
    """What repeating an operation does at the platform."""

    KEYED = "keyed"
    """The platform knows our key and acts once."""
    QUERYABLE = "queryable"
    """We can ask whether it acted."""
    OVERWRITE = "overwrite"
    """Repeating changes nothing."""
    APPEND = "append"
    """Neither: repeating may double."""


class DoubtRule(StrEnum):
    """What to do when a try may have acted."""

    INQUIRE = "inquire"
    RESEND = "resend"
    OPERATOR = "operator"


class Finding(StrEnum):
    """What an inquiry found."""

    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Job:
    """One delivery as an operation sees it: the message in the hub's words, and which part of it is wanted.

    Rows that are sent in parts are cut evenly: part p of n holds rows [len*p//n, len*(p+1)//n).
    """

    message_id: str
    submission: DossierSubmission
    procedure: Procedure
    part: int
    of: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A platform's answer, before it is judged: HTTP status, the platform's own code and text.

    `text` may name people: it is judged and sealed, never logged. `retry_after_s` is what the platform asked for with a
    429 or 503 (Retry-After, RFC 9110 section 10.2.3); a PlatformFault may carry it as well.
    """

    http_status: int
    code: str
    text: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class OutcomeRule:
    """One row of a platform's table. None matches anything; `text` is a case-insensitive regular expression."""

    outcome: OutcomeClass
    http_status: tuple[int, int] | None = None
    code: str | None = None
    text: str | None = None


LEAVE: ContextVar[Callable[[], None]] = ContextVar("LEAVE", default=lambda: None)
"""Asked by adapters when the bytes of a request are about to go out, and raising HubFault when they may not any more.

Between the decision to call and the call a process can be halted, and wake up when another one has taken its work over.
Whoever decides sets the question; without one everything may go out.
"""


class Operation(Protocol):
    """One thing that an adapter can do. It never retries beyond one re-login, and never sleeps."""

    @property
    def name(self) -> str:
        """Unique, `platform.verb`."""

    @property
    def platform(self) -> str:
        """The platform whose lane, circuit and quota the operation uses."""

    @property
    def effect(self) -> Effect:
        """What repeating does."""

    @property
    def on_doubt(self) -> DoubtRule:
        """What to do after a try that may have acted."""

    @property
    def rules(self) -> Sequence[OutcomeRule]:
        """The platform's outcome table for this operation, first match wins; no match means unknown."""

    def parts(self, submission: DossierSubmission) -> int:
        """Return into how many deliveries the submission falls; 0 when there is nothing to send. Pure."""

    async def send(self, job: Job) -> Reply:
        """Try once. Errors: NotSent, ReplyLost, ReplyUnreadable, RefusedUs; what `LEAVE` raises (nothing was sent)."""

    async def inquire(self, job: Job) -> Finding:
        """Ask whether an earlier `send` of this job has arrived. Same errors; PlatformFault when it cannot be told."""


class CitizenSource(Protocol):
    """A platform that knows citizens."""

    @property
    def platform(self) -> str:
        """Name of the platform, as audit and metrics show it."""

    async def lookup(self, query: CitizenQuery, request_id: str) -> Sequence[Citizen]:
        """Return the persons that match: none, one, or several. Errors: PlatformFault.

        One call, and without effect, so that whoever asks may ask again; under another `request_id` then.
        """


class Adapter(Protocol):
    """One platform behind its wire format. Built by `module.build(config, transport)` from its dotted path."""

    @property
    def name(self) -> str:
        """The platform's name in configuration, routes and metrics."""

    @property
    def operations(self) -> Sequence[Operation]:
        """What it can be told to do."""

    @property
    def citizens(self) -> CitizenSource | None:
        """What it can be asked, where it knows citizens."""

    async def aclose(self) -> None:
        """Let go of connections."""
