"""What no file can know by itself: that names are unique, and that what one file mentions stands in another."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from pydantic import BaseModel

from hub.access import SystemEntry
from hub.settings.document import Document
from hub.settings.problems import KeyPath, Problems, nearest
from hub.settings.sections import AgenciesFile, GrantsFile, PlatformSection, ProceduresFile, SystemsFile
from schemas.calendar import Calendar
from schemas.procedure import Procedure

_Section = TypeVar("_Section", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Bound(Generic[_Section]):
    """A file and what it says."""

    document: Document
    section: _Section


class Consistency:
    """Checks the files of one installation against each other."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems

    def agencies(self, file: Bound[AgenciesFile]) -> None:
        """Every agency stands once, in whichever spelling."""
        self._unique(file.document, "agencies", (agency.code for agency in file.section.agencies))

    def systems(self, file: Bound[SystemsFile], agencies: Bound[AgenciesFile]) -> None:
        """Every system stands once, under an agency that is known; a key belongs to one system."""
        document, systems = file.document, file.section.systems
        self._unique(document, "systems", (system.principal for system in systems))
        known = {str(agency.code) for agency in agencies.section.agencies}
        keys: dict[str, KeyPath] = {}
        for number, system in enumerate(systems):
            path: KeyPath = ("systems", number)
            if str(system.agency) not in known:
                text = f"{system.agency} is not in {agencies.document.name}" + nearest(str(system.agency), known)
                self._add(document, (*path, "agency"), text)
            if system.grants:
                self._add(document, (*path, "grants"), "grants stand in grants.yaml")
            for key_number, key in enumerate(system.keys):
                at: KeyPath = (*path, "keys", key_number)
                first = keys.setdefault(key.id, at)
                if first != at:
                    self._add(document, at, f"the key {key.id} stands twice; first at {document.place(first)}")

    def grants(self, file: Bound[GrantsFile], systems: Bound[SystemsFile]) -> None:
        """Grants are for systems that exist, and those of one system stand together."""
        grants = file.section.grants
        self._unique(file.document, "grants", ((entry.agency, entry.system) for entry in grants))
        known = {f"{system.agency}/{system.system}" for system in systems.section.systems}
        for number, entry in enumerate(grants):
            name = f"{entry.agency}/{entry.system}"
            if name not in known:
                text = f"the system {name} is not in {systems.document.name}" + nearest(name, known)
                self._add(file.document, ("grants", number), text)

    def procedures(self, file: Bound[ProceduresFile]) -> None:
        """A version ends after it begins, and no two versions of a procedure hold on one day."""
        earlier: dict[str, list[tuple[int, Procedure]]] = {}
        for number, procedure in enumerate(file.section.procedures):
            path: KeyPath = ("procedures", number)
            if _end(procedure) < procedure.valid_from:
                self._add(file.document, (*path, "valid_to"), "is before valid_from")
            for first, other in earlier.setdefault(procedure.code, []):
                if procedure.valid_from <= _end(other) and other.valid_from <= _end(procedure):
                    line = file.document.place(("procedures", first))
                    self._add(file.document, path, f"{procedure.code} holds on the same days as the version at {line}")
            earlier[procedure.code].append((number, procedure))

    def calendar(self, file: Bound[Calendar]) -> None:
        """Every day stands once, as a holiday or in a swap, and every procedure has one cut-off time at most."""
        calendar, document = file.section, file.document
        days: list[tuple[KeyPath, date]] = [
            *((("holidays", number, "day"), entry.day) for number, entry in enumerate(calendar.holidays)),
            *((("swaps", number, "off"), entry.off) for number, entry in enumerate(calendar.swaps)),
            *((("swaps", number, "worked"), entry.worked) for number, entry in enumerate(calendar.swaps)),
        ]
        seen: dict[date, KeyPath] = {}
        for path, day in days:
            first = seen.setdefault(day, path)
            if first != path:
                self._add(document, path, f"{day} stands twice; first at {document.place(first)}")
        self._unique(document, "procedure_cutoffs", (entry.procedure for entry in calendar.procedure_cutoffs))

    def cutoffs(self, file: Bound[Calendar], procedures: Bound[ProceduresFile]) -> None:
        """Cut-off times are for procedures that are known."""
        known = {procedure.code for procedure in procedures.section.procedures}
        for number, entry in enumerate(file.section.procedure_cutoffs):
            if entry.procedure not in known:
                text = f"{entry.procedure} is not in {procedures.document.name}" + nearest(entry.procedure, known)
                self._add(file.document, ("procedure_cutoffs", number, "procedure"), text)

    def working_hours(self, files: Iterable[Bound[PlatformSection]], calendar_file: str) -> None:
        """Without a calendar nothing can be asked for within working hours."""
        path: KeyPath = ("deliver_within_working_hours",)
        for file in files:
            if file.section.deliver_within_working_hours is not None:
                self._add(file.document, path, f"needs {calendar_file}, which is not there")

    def platforms(self, files: Iterable[Bound[PlatformSection]]) -> None:
        """Every platform has a name of its own."""
        seen: dict[str, Document] = {}
        for file in files:
            first = seen.setdefault(file.section.name, file.document)
            if first is not file.document:
                self._add(file.document, ("name",), f"stands twice; first in {first.name}")

    def _unique(self, document: Document, key: str, names: Iterable[Hashable]) -> None:
        seen: dict[Hashable, int] = {}
        for number, name in enumerate(names):
            first = seen.setdefault(name, number)
            if first != number:
                self._add(document, (key, number), f"stands twice; first at {document.place((key, first))}")

    def _add(self, document: Document, path: KeyPath, text: str) -> None:
        self._problems.add(document.place(path), path, text)


def granted(systems: SystemsFile, grants: GrantsFile) -> tuple[SystemEntry, ...]:
    """Return the systems with what is granted to them."""
    listed = {(entry.agency, entry.system): entry.grants for entry in grants.grants}
    return tuple(
        system.model_copy(update={"grants": listed.get((system.agency, system.system), ())})
        for system in systems.systems
    )


def _end(procedure: Procedure) -> date:
    return procedure.valid_to or date.max
