"""Reconciliation: what the ledger counts as delivered, compared with what a platform shows. No personal data."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.calendar import CalendarDay
from schemas.dossier import DossierCodeText
from schemas.model import Model


class Cause(StrEnum):
    """Why the platform and the ledger differ over a dossier."""

    MISSING = "missing"
    """The platform does not know the dossier."""
    OLDER = "older"
    """It shows an earlier state that the hub delivered, and not the newest."""
    FOREIGN = "foreign"
    """It shows a state that the hub never sent."""
    DIFFERENT_CONTENT = "different_content"
    """It shows the newest state, with other values in some fields."""
    NOT_COMPARABLE = "not_comparable"
    """Its answer cannot be read, or the hub can no longer read what it sent."""

    @property
    def lacking(self) -> bool:
        """Whether the platform lacks something that was delivered; sending it again helps."""
        return self in (Cause.MISSING, Cause.OLDER)


class Follows(StrEnum):
    """What follows from a difference."""

    TO_RESEND = "to_resend"
    """It would be sent again, or will be when the whole run was compared."""
    RESENT = "resent"
    """Its sending again is ordered, durably."""
    OVERTAKEN = "overtaken"
    """By the time it was to be sent again, something of the dossier was owed or delivered anew."""
    NEEDS_PERSON = "needs_person"
    """Somebody must look."""


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    COMPARING = "comparing"
    RESENDING = "resending"
    DONE = "done"
    STOPPED = "stopped"

    @property
    def final(self) -> bool:
        """Whether nothing more is done for the run."""
        return self in (RunState.DONE, RunState.STOPPED)


class StopReason(StrEnum):
    """Why a run did not come to its end."""

    CALLS_USED_UP = "calls_used_up"
    """As many calls were made as a run may make. The next nightly run goes on there."""
    PLATFORM_FAILS = "platform_fails"
    """The platform could not be asked, several times in a row."""
    TOO_MANY_LACKING = "too_many_lacking"
    """So large a share is lacking that the platform itself may be at fault. Nothing was sent again."""
    RESEND_MAX = "resend_max"
    """More is lacking than may be sent again without a person. Nothing was sent again."""


class ReconciliationOrder(Model):
    """What an operator asks for. Nothing given: all dossiers of the days that the nightly run looks at.

    `resend_max` is a person's word: up to so many dossiers are sent again, however large their share is.
    """

    since: CalendarDay | None = None
    dossier: DossierCodeText | None = None
    dry_run: bool = False
    calls_per_s: Annotated[float, Field(ge=0.01, le=100, allow_inf_nan=False)] | None = None
    calls_max: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    resend_max: Annotated[int, Field(ge=0, le=100_000)] | None = None


class CauseCount(Model):
    """How many differences of one cause there are, and what follows from them."""

    cause: Cause
    follows: Follows
    dossiers: int


class Reconciliation(Model):
    """One run. `since` and `until` bound when a message was received; `agency` is "" when all agencies are meant.

    `lacking_percent_max` is None where a person has said how many may be sent again. A run that is done for
    `calls_used_up` was not compared to its end.

    `compared` counts dossiers about which the platform was asked, `alike` those without a difference; `in_progress`
    those that were passed over because something of them is still owed.
    """

    id: str
    operation: str
    platform: str
    by: str
    agency: str
    dossier: str | None
    since: datetime
    until: datetime
    dry_run: bool
    calls_per_s: float
    calls_max: int
    resend_max: int
    lacking_percent_max: int | None
    state: RunState
    reason: StopReason | None
    requested_at: datetime
    finished_at: datetime | None
    calls: int
    compared: int
    alike: int
    in_progress: int
    differences: tuple[CauseCount, ...]


class Reconciliations(Model):
    """The newest runs, newest first."""

    runs: tuple[Reconciliation, ...]


class Difference(Model):
    """One dossier over which ledger and platform differ. `shown` is the state that the platform shows, if any.

    `fields` names the platform's fields that differ, never their values.
    """

    dossier_code: str
    message_id: str
    cause: Cause
    follows: Follows
    shown: str | None
    fields: tuple[str, ...]
    found_at: datetime


class ReconciliationReport(Model):
    """One run and a page of what it found, by dossier code. `next` goes on there; none at the end."""

    run: Reconciliation
    differences: tuple[Difference, ...]
    next: str | None
