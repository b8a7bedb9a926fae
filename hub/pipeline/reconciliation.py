"""What a difference between ledger and platform is, and when many of them are the platform's own fault. Pure."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hub.pipeline.catalogue import VIETNAM
from hub.ports import DeliveryId
from schemas.reconciliation import Cause, Follows

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


def platform_suspect(compared: int, lacking: int, share_max: float) -> bool:
    """Whether so many are lacking that the platform may have lost more than some dossiers, or says so of everything."""
    return lacking >= LACKING_MIN and lacking > share_max * compared


def first_id(moment: datetime) -> str:
    """Return what sorts before every message id (UUID version 7) that was made at that moment or later."""
    ticks = f"{max(0, int(moment.timestamp() * 1000)):012x}"
    return f"{ticks[:8]}-{ticks[8:12]}"


def ruling_id(run_id: str, ordered_at: datetime, delivery: DeliveryId) -> str:
    """Return the id of the ruling that a run makes about a delivery: the same however often it is made.

    It is a message id (UUID version 7) whose time is that of the run.
    """
    named = "\n".join((run_id, delivery.message_id, delivery.operation, str(delivery.part)))
    digest = hashlib.sha256(named.encode()).hexdigest()
    return f"{first_id(ordered_at)}-7{digest[:3]}-8{digest[3:6]}-{digest[6:18]}"


def midnight(day: date) -> datetime:
    """Return the beginning of a day in Vietnam, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=VIETNAM).astimezone(UTC)


def days_back(now: datetime, days: int) -> datetime:
    """Return the beginning of the day in Vietnam that lies so many days back."""
    return midnight(now.astimezone(VIETNAM).date() - timedelta(days=days))
