"""Comparing what was delivered with what a platform shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

from hub.ports.parking import DeliveryId
from hub.ports.platform import Job
from schemas.dossier import DossierStatus
from schemas.reconciliation import (
    Difference,
    Follows,
    Reconciliation,
    RunState,
    StopReason,
)


class Shown(Protocol):
    """What a platform shows of one dossier. It may name people: it is compared, and never kept."""

    @property
    def status(self) -> DossierStatus | None:
        """The state in the hub's words; None for one that the hub has no word for."""

    def differing(self, job: Job) -> Sequence[str]:
        """Return the platform's names of the fields in which it differs from what `send` of this job says. Pure."""


@runtime_checkable
class Comparable(Protocol):
    """An operation whose platform can be asked what it has."""

    @property
    def name(self) -> str:
        """As `Operation`."""

    @property
    def platform(self) -> str:
        """As `Operation`."""

    async def show(self, code: str) -> Shown | None:
        """Return what the platform shows of a dossier, by its code as it was spelled; None when it knows none.

        One call. Errors: NotSent, ReplyLost, ReplyUnreadable, RefusedUs.
        """


@dataclass(frozen=True, slots=True)
class Delivered:
    """A delivery that counts as delivered, with the place of its command and its line there."""

    id: DeliveryId
    platform: str
    of: int
    index: int
    partition: int
    offset: int
    received_at: datetime
    sender_agency: str


@dataclass(frozen=True, slots=True)
class DossierFacts:
    """What the ledger knows of a dossier towards one operation.

    `owed`: something of the dossier is owed to the platform, or dead and not decided upon. `delivered` are the newest
    states that count as delivered, newest first; `whole` says that there are no others. `rulings` are the places
    (partition, offset) of the dossier's newest rulings that were obeyed, newest first.
    """

    ordering_key: str
    code_as_given: str
    owed: bool
    delivered: tuple[Delivered, ...]
    whole: bool
    rulings: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class RunStep:
    """How a run goes on: where it stands, and what to add to its counts."""

    after: str
    calls: int = 0
    compared: int = 0
    alike: int = 0
    in_progress: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    """A difference, with the delivery that it is about."""

    delivery: DeliveryId
    ordering_key: str
    difference: Difference


class ReconciliationRuns(Protocol):
    """Runs and what they found, as those see them who order and read; shared by all processes."""

    async def order(self, run: Reconciliation, after: str = "") -> Reconciliation:
        """Enter a run, to begin behind `after`; one of that id that is there stays, and is returned."""

    async def run(self, run_id: str) -> Reconciliation | None:
        """Return a run with its counts."""

    async def runs(self, runs_max: int) -> Sequence[Reconciliation]:
        """Return the newest runs, newest first."""

    async def differences(self, run_id: str, after: str, differences_max: int) -> Sequence[Difference]:
        """Return what a run found, by dossier code, from the one behind `after`."""


class ReconciliationStore(ReconciliationRuns, Protocol):
    """Remembers runs and how far they are. What it does is durable when it returns."""

    async def claim(self, holder: str, now: datetime, until: datetime) -> tuple[Reconciliation, str] | None:
        """Hold the oldest run that is not final and that nobody else holds; return it, and where it stands."""

    async def step(self, run_id: str, holder: str, until: datetime, step: RunStep, found: Sequence[Found] = ()) -> None:
        """Go on with a run in one transaction, and hold it until then. StaleOwner when somebody else has it."""

    async def enter(
        self,
        run_id: str,
        holder: str,
        state: RunState,
        now: datetime,
        reason: StopReason | None = None,
    ) -> None:
        """Bring a run into a state; a final one is let go of. StaleOwner when somebody else has it."""

    async def release(self, run_id: str, holder: str) -> None:
        """Let go of a run that is not final; another process may go on with it at once."""

    async def place(self, run_id: str) -> str:
        """Return the place at which a run stands; "" when there is no such run."""

    async def to_resend(self, run_id: str, founds_max: int) -> Sequence[Found]:
        """Return what is still to be sent again, by dossier code."""

    async def settle(self, run_id: str, holder: str, until: datetime, ordering_key: str, follows: Follows) -> None:
        """Write down what followed from the difference over a dossier. StaleOwner when somebody else has the run."""

    async def candidates(
        self, operation: str, since: datetime, until: datetime, after: str, rows_max: int
    ) -> Sequence[tuple[str, str]]:
        """Return the next (message id, ordering key): the newest delivered state of each dossier, by message id.

        Only messages received from `since` on and before `until`, with ids behind `after`.
        """

    async def facts(self, ordering_key: str, operation: str, platform: str) -> DossierFacts | None:
        """Return what the ledger knows of a dossier; None when nothing was ever accepted of it."""


class PlatformLeave(Protocol):
    """Whoever shares a platform's quota out. The reconciliation stands behind the deliveries."""

    async def take(self, platform: str) -> None:
        """Return when a call may be made that is not urgent."""
