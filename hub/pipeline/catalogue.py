"""The hub's catalogue: the agencies it serves and the procedures in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

from hub.errors import ConfigInvalid
from schemas.agency import AgencyCode
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure

# Asia/Ho_Chi_Minh has had this one offset since 1975; reading the zone from a file at import would be I/O.
VIETNAM = timezone(timedelta(hours=7))


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency as people know it."""

    code: AgencyCode
    name: str


class Catalogue:
    """Agencies by code, procedures by code and day.

    ConfigInvalid when an agency is listed twice, or when two versions of a procedure are in force on one day.
    """

    def __init__(self, agencies: Iterable[Agency], procedures: Iterable[Procedure]) -> None:
        self._agencies: dict[AgencyCode, Agency] = {}
        for agency in agencies:
            if self._agencies.setdefault(agency.code, agency) is not agency:
                raise ConfigInvalid(f"agency {agency.code} is listed twice")
        self._versions: dict[str, list[Procedure]] = {}
        for version in sorted(procedures, key=lambda procedure: procedure.valid_from):
            self._versions.setdefault(version.code, []).append(version)
        for versions in self._versions.values():
            _require_apart(versions)

    def agency(self, code: AgencyCode) -> Agency | None:
        """Return the agency, or None when the hub does not serve it."""
        return self._agencies.get(code)

    def procedure(self, code: str, day: date) -> Procedure | None:
        """Return the version in force on a day (first and last day included), or None."""
        for version in self._versions.get(code, ()):
            if version.valid_from <= day and (version.valid_to is None or day <= version.valid_to):
                return version
        return None

    def procedure_of(self, submission: DossierSubmission) -> Procedure | None:
        """Return the version under which the dossier was received, by the day in Vietnam."""
        return self.procedure(submission.procedure, day_in_vietnam(submission.received_at))


def day_in_vietnam(moment: datetime) -> date:
    """Return the day that the moment has in Vietnam."""
    return moment.astimezone(VIETNAM).date()


def _require_apart(versions: list[Procedure]) -> None:
    for earlier, later in pairwise(versions):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise ConfigInvalid(f"two versions of procedure {later.code} are in force on {later.valid_from}")
