"""What a difference between ledger and platform is, and when many of them are the platform's own fault. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hub.pipeline.catalogue import VIETNAM
from hub.ports import Comparable
from schemas.agency import AgencyCode
from schemas.dossier import DossierCode
from schemas.moment import YEARS
from schemas.reconciliation import Cause, Follows, Reconciliation, ReconciliationOrder, RunState

LACKING_MIN = 10
"""Below this many lacking dossiers their share says nothing about the platform."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One dossier as the platform shows it, beside what the hub delivered.

    `differing` names the fields in which it differs from the newest state, `same_status` says that the state itself is
    the same; `earlier` says that it is an earlier one that the hub delivered, `remembered` that the hub can still read
    all that it delivered. `readable` is False when the newest state itself cannot be read any more.
    """

    known: bool
    readable: bool = True
    differing: Sequence[str] = ()
    same_status: bool = True
    earlier: bool = False
    remembered: bool = True


def cause_of(seen: Seen) -> Cause | None:
    """Return why they differ; None when they do not."""
    if not seen.known:
        return Cause.MISSING
    if not seen.readable:
        return Cause.NOT_COMPARABLE
    if not seen.differing:
        return None
    if seen.earlier:
        return Cause.OLDER
    if seen.same_status:
        return Cause.DIFFERENT_CONTENT
    return Cause.FOREIGN if seen.remembered else Cause.NOT_COMPARABLE


def follows_of(cause: Cause, *, sendable: bool) -> Follows:
    """Return what follows. `sendable`: the hub can still read what it would send, and it would not be too late."""
    return Follows.TO_RESEND if cause.lacking and sendable else Follows.NEEDS_PERSON


def platform_suspect(compared: int, lacking: int, percent_max: int | None) -> bool:
    """Whether so many are lacking that the platform may have lost more than some dossiers, or says so of everything.

    None: somebody has looked, and takes any share.
    """
    return percent_max is not None and lacking >= LACKING_MIN and 100 * lacking > percent_max * compared


def first_id(moment: datetime) -> str:
    """Return what sorts before every message id (UUID version 7) that was made at that moment or later."""
    ticks = f"{max(0, int(moment.timestamp() * 1000)):012x}"
    return f"{ticks[:8]}-{ticks[8:12]}"


def midnight(day: date) -> datetime:
    """Return the beginning of a day in Vietnam, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM).astimezone(UTC)


def days_back(now: datetime, days: int) -> datetime:
    """Return the beginning of the day in Vietnam that lies so many days back."""
    return midnight(now.astimezone(VIETNAM).date() - timedelta(days=days))


def covers(agency: str, ordering_key: str) -> bool:
    """Whether a dossier belongs to an agency or to one below it; "" is every agency."""
    return not agency or AgencyCode.parse(agency).covers(DossierCode.parse(ordering_key).agency)


@dataclass(frozen=True, slots=True)
class Policy:
    """What an installation says about runs. `settled_s`: what was received later than that is left for the next run.

    `resend_max` and `lacking_percent_max` bound what is sent again without a person's word.
    """

    days_back: int
    calls_per_s: float
    calls_max: int
    settled_s: float
    resend: bool
    resend_max: int
    lacking_percent_max: int


@dataclass(frozen=True, slots=True)
class Asker:
    """On whose word a run is made: the account, and the agency whose dossiers it is about; "" for all."""

    by: str
    agency: str = ""


def new_run(
    run_id: str, order: ReconciliationOrder, asker: Asker, operation: Comparable, policy: Policy, now: datetime
) -> Reconciliation:
    """Return the run that an order asks for. A single dossier is compared whenever it was received."""
    single = order.dossier is not None
    since = midnight(order.since) if order.since else days_back(now, policy.days_back)
    return Reconciliation(
        id=run_id,
        operation=operation.name,
        platform=operation.platform,
        by=asker.by,
        agency=asker.agency,
        dossier=str(DossierCode.parse(order.dossier)) if order.dossier else None,
        since=midnight(date(YEARS.start, 1, 1)) if single and not order.since else since,
        until=now if single else max(since, now - timedelta(seconds=policy.settled_s)),
        dry_run=order.dry_run,
        calls_per_s=order.calls_per_s or policy.calls_per_s,
        calls_max=order.calls_max or policy.calls_max,
        resend_max=policy.resend_max if order.resend_max is None else order.resend_max,
        lacking_percent_max=policy.lacking_percent_max if order.resend_max is None else None,
        state=RunState.WAITING,
        reason=None,
        requested_at=now,
        finished_at=None,
        calls=0,
        compared=0,
        alike=0,
        in_progress=0,
        differences=(),
    )
