"""An installation: one folder of files, read strictly, as one frozen value."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from hub.access import SystemEntry
from hub.errors import ConfigInvalid
from hub.settings.adapter import AdapterModule, find_adapter
from hub.settings.binding import Binder
from hub.settings.consistency import Bound, Consistency, granted
from hub.settings.document import Document, read
from hub.settings.environment import PREFIX, check_names, read_environment
from hub.settings.problems import Problems, nearest
from hub.settings.references import References
from hub.settings.sections import (
    AgenciesFile,
    Agency,
    GrantsFile,
    HubSection,
    PlatformSection,
    ProceduresFile,
    SystemsFile,
)
from schemas.calendar import Calendar
from schemas.model import ConfigModel
from schemas.procedure import Procedure

HUB_FILE = "hub.yaml"
AGENCIES_FILE = "agencies.yaml"
SYSTEMS_FILE = "systems.yaml"
GRANTS_FILE = "grants.yaml"
PROCEDURES_FILE = "procedures.yaml"
CALENDAR_FILE = "calendar.yaml"
PLATFORMS_FOLDER = "platforms"
FILES = (HUB_FILE, AGENCIES_FILE, SYSTEMS_FILE, GRANTS_FILE, PROCEDURES_FILE, CALENDAR_FILE)

_Section = TypeVar("_Section", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform that is switched on: its share of the hub, its adapter, and the adapter's own settings."""

    section: PlatformSection
    module: AdapterModule
    settings: ConfigModel

    @property
    def name(self) -> str:
        """The platform's name in routes, metrics and screens."""
        return self.section.name


@dataclass(frozen=True, slots=True)
class Installation:
    """Everything that the files of a folder say. `warnings` are lines for the operator; they stop nothing.

    Without `calendar.yaml` there is no `calendar`: holidays change by announcement, so none are built in.
    """

    folder: Path
    hub: HubSection
    agencies: tuple[Agency, ...]
    systems: tuple[SystemEntry, ...]
    procedures: tuple[Procedure, ...]
    platforms: tuple[Platform, ...]
    calendar: Calendar | None = None
    warnings: tuple[str, ...] = ()


def load(folder: Path, environ: Mapping[str, str] | None = None) -> Installation:
    """Read an installation folder. ConfigInvalid whose hint lists every problem, one a line."""
    return _Loader(folder.absolute(), os.environ if environ is None else environ).load()


class _Loader:
    """Reads one folder once; what is wrong is collected until everything was read."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._environ = environ
        self._problems = Problems()
        self._references = References(folder, environ, self._problems)
        self._binder = Binder(self._references, self._problems)
        self._consistency = Consistency(self._problems)
        self._has_calendar = (folder / CALENDAR_FILE).exists()

    def load(self) -> Installation:
        """Return the installation, or raise."""
        if not self._folder.is_dir():
            raise ConfigInvalid(f"{self._folder}: there is no such folder; hub init makes one")
        if not (self._folder / HUB_FILE).exists():
            folder = self._folder.absolute()
            raise ConfigInvalid(f"{folder}: no installation: it has no {HUB_FILE}; name one by --config or HUB_CONFIG")
        hub = self._hub()
        agencies = self._file(AGENCIES_FILE, AgenciesFile)
        systems = self._file(SYSTEMS_FILE, SystemsFile)
        grants = self._file(GRANTS_FILE, GrantsFile)
        procedures = self._file(PROCEDURES_FILE, ProceduresFile)
        calendar = self._calendar()
        platforms = tuple(self._platforms())
        if calendar and procedures:
            self._consistency.cutoffs(calendar, procedures)
        self._check(agencies, systems, grants, procedures)
        self._strays()
        check_names(self._environ, self._references.variables, self._problems)
        self._problems.stop()
        if not (hub and agencies and systems and grants and procedures):
            raise ConfigInvalid("unreadable")
        return Installation(
            folder=self._folder,
            hub=hub,
            agencies=agencies.section.agencies,
            systems=granted(systems.section, grants.section),
            procedures=procedures.section.procedures,
            platforms=platforms,
            calendar=calendar.section if calendar else None,
            warnings=tuple(self._problems.warnings),
        )

    def _file(self, name: str, model: type[_Section]) -> Bound[_Section] | None:
        document = read(self._folder, name, self._problems)
        section = self._binder.bind(model, document) if document else None
        return Bound(document, section) if document and section else None

    def _calendar(self) -> Bound[Calendar] | None:
        """Read `calendar.yaml`, the one file that may be missing."""
        if not self._has_calendar:
            return None
        calendar = self._file(CALENDAR_FILE, Calendar)
        if calendar:
            self._consistency.calendar(calendar)
        return calendar

    def _hub(self) -> HubSection | None:
        """Read `hub.yaml` with what the environment replaces in it."""
        document = read(self._folder, HUB_FILE, self._problems)
        if document is None:
            return None
        overrides = read_environment(self._environ).overrides
        if "home" in overrides:
            overrides["home"] = str(Path(overrides["home"]).absolute())
        document = replace(
            document,
            data={**document.data, **overrides},
            lines={**dict.fromkeys(((key,) for key in overrides), 1), **document.lines},
        )
        for key in overrides:
            self._references.override(document, (key,), f"{PREFIX}{key.upper()}")
        return self._binder.bind(HubSection, document)

    def _platforms(self) -> Iterator[Platform]:
        files = []
        for file in sorted((self._folder / PLATFORMS_FOLDER).glob("*.yaml")):
            document = read(self._folder, f"{PLATFORMS_FOLDER}/{file.name}", self._problems)
            if document is None:
                continue
            shell = replace(document, data={**document.data, "settings": {}})
            section = self._binder.bind(PlatformSection, shell)
            if section is None:
                continue
            files.append(Bound(document, section))
            platform = self._platform(document, section) if section.enabled else None
            if platform is not None:
                yield platform
        self._consistency.platforms(files)
        if not self._has_calendar:
            self._consistency.working_hours(files, CALENDAR_FILE)

    def _platform(self, document: Document, section: PlatformSection) -> Platform | None:
        """Find the adapter and let it read its own settings."""
        try:
            module = find_adapter(section.adapter)
        except ConfigInvalid as error:
            self._problems.add(document.place(("adapter",)), ("adapter",), error.hint)
            return None
        filled = replace(document, data={"settings": {}, **document.data})
        settings = self._binder.bind(module.config, filled, ("settings",))
        return Platform(section, module, settings) if settings else None

    def _check(
        self,
        agencies: Bound[AgenciesFile] | None,
        systems: Bound[SystemsFile] | None,
        grants: Bound[GrantsFile] | None,
        procedures: Bound[ProceduresFile] | None,
    ) -> None:
        """Check the files that could be read against each other."""
        if agencies:
            self._consistency.agencies(agencies)
        if systems and agencies:
            self._consistency.systems(systems, agencies)
        if grants and systems:
            self._consistency.grants(grants, systems)
        if procedures:
            self._consistency.procedures(procedures)

    def _strays(self) -> None:
        """Report YAML files that nobody reads: a misspelt name would silently grant or forbid."""
        for file in sorted((*self._folder.glob("*.yaml"), *self._folder.glob("*.yml"), *self._folder.glob("*/*.yml"))):
            name = str(file.relative_to(self._folder))
            if name not in FILES:
                self._problems.add(name, (), "nothing reads this file" + nearest(name, FILES))
