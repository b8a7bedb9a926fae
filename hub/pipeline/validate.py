"""What the shape of a request cannot say: catalogue, ownership, and times in a sane order. Pure."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from hub.access import Principal
from hub.errors import BrokenRule, Forbidden
from hub.pipeline.catalogue import Catalogue, day_in_vietnam
from schemas.citizen import CitizenQuery
from schemas.dossier import DossierCode, DossierSubmission

CLOCKS_APART_MAX = timedelta(minutes=5)
"""How far a sender's clock may run ahead of the hub's."""
BIRTH_YEAR_MIN = 1880
"""The same bound as for `birth_year`."""

_HAPPENED = ("received_at", "submitted_at", "finished_at", "returned_at", "refused_at")
_AFTER_RECEPTION = ("due_at", "finished_at", "returned_at", "deliver_by")


def require_own_dossier(principal: Principal, code: DossierCode) -> None:
    """Pass when the dossier's agency is the principal's or stands below it, or raise Forbidden."""
    if not principal.agency.covers(code.agency):
        raise Forbidden("dossier of another agency", code="caller.foreign_dossier")


def check_submission(
    submission: DossierSubmission, code: DossierCode, catalogue: Catalogue, now: datetime
) -> list[BrokenRule]:
    """Return the rules that a well-formed submission breaks; `code` is its dossier code, read."""
    return [
        *_unknown_agency("code", code, catalogue),
        *([] if catalogue.procedure_of(submission) else [BrokenRule("procedure", "unknown_procedure")]),
        *_not_yet(submission, now + CLOCKS_APART_MAX),
        *_before_reception(submission),
        *_backwards(submission),
    ]


def check_withdrawal(code: DossierCode, catalogue: Catalogue) -> list[BrokenRule]:
    """Return the rules that a well-formed withdrawal breaks; `code` is its dossier code, read."""
    return list(_unknown_agency("code", code, catalogue))


def check_query(query: CitizenQuery, code: DossierCode, catalogue: Catalogue, now: datetime) -> list[BrokenRule]:
    """Return the rules that a well-formed lookup breaks; `code` is its dossier code, read."""
    today = day_in_vietnam(now)
    broken = list(_unknown_agency("dossier_code", code, catalogue))
    if catalogue.procedure(query.procedure, today) is None:
        broken.append(BrokenRule("procedure", "unknown_procedure"))
    if query.birth_date is not None and query.birth_date > today:
        broken.append(BrokenRule("birth_date", "future"))
    if query.birth_date is not None and query.birth_date.year < BIRTH_YEAR_MIN:
        broken.append(BrokenRule("birth_date", "range"))
    if query.birth_year is not None and query.birth_year > today.year:
        broken.append(BrokenRule("birth_year", "future"))
    return broken


def _unknown_agency(path: str, code: DossierCode, catalogue: Catalogue) -> Iterator[BrokenRule]:
    if catalogue.agency(code.agency) is None:
        yield BrokenRule(path, "unknown_agency")


def _not_yet(submission: DossierSubmission, latest: datetime) -> Iterator[BrokenRule]:
    """What is said to have happened lies in the future."""
    for path in _HAPPENED:
        moment = getattr(submission, path)
        if moment is not None and moment > latest:
            yield BrokenRule(path, "future")
    for index, step in enumerate(submission.progress):
        if step.at > latest:
            yield BrokenRule(f"progress.{index}.at", "future")


def _before_reception(submission: DossierSubmission) -> Iterator[BrokenRule]:
    """What follows the reception stands before it."""
    for path in _AFTER_RECEPTION:
        moment = getattr(submission, path)
        if moment is not None and moment < submission.received_at:
            yield BrokenRule(path, "before_received")


def _backwards(submission: DossierSubmission) -> Iterator[BrokenRule]:
    """Steps that are not in the order in which they happened."""
    for index, (earlier, later) in enumerate(pairwise(submission.progress), start=1):
        if later.at < earlier.at:
            yield BrokenRule(f"progress.{index}.at", "order")
