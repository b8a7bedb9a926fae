"""The platforms of an installation: adapters built from configuration, and what they can do."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta

from hub.app.seams import Seams
from hub.delivery.admission.shares import ShareLimits
from hub.delivery.tries.terms import Terms
from hub.errors import RefusedUs
from hub.ingress.patient_source import Manners
from hub.pipeline.decide import Backoff, Patience
from hub.pipeline.expiry import TimeLimits
from hub.pipeline.persistence import Persistence
from hub.pipeline.windows import Closures, Dated, Weekly
from hub.pipeline.working_time import WorkingTime
from hub.ports import CitizenSource, Operation
from hub.settings import Installation, Platform
from hub.settings.sections import Retry
from schemas.citizen import Citizen, CitizenQuery
from schemas.maintenance import Maintenance


@dataclass(frozen=True, slots=True)
class Platforms:
    """Operations in the order of the configuration, and the one source of citizens."""

    operations: tuple[Operation, ...]
    citizens: CitizenSource
    sections: dict[str, Platform]
    retry: Retry
    time_limits: TimeLimits

    def terms(self, platform: str) -> Terms:
        """Return what is said about deliveries to a platform; the hub's own waits where it says nothing itself."""
        found = self.sections.get(platform)
        retry = (found.section.retry if found else None) or self.retry
        terms = Terms(
            Backoff(first_s=retry.first_s, max_s=retry.max_s),
            patience=Patience(retry.attempts_max, retry.age_max_s),
            retry_after_max_s=retry.retry_after_max_s,
        )
        return replace(terms, refusals_equal_max=found.section.refusals_equal_max) if found else terms

    def limits(self, platform: str) -> ShareLimits:
        """Return what a platform may use of the hub; defaults for one that is no longer configured."""
        found = self.sections.get(platform)
        if found is None:
            return ShareLimits(concurrency_max=1)
        section = found.section
        return ShareLimits(
            concurrency_max=section.concurrency_max,
            hot_max=section.hot_max,
            circuit_open_s=section.circuit_open_s,
            circuit_open_max_s=section.circuit_open_max_s,
            calls_per_s=section.quota.calls_per_s,
            calls_burst=section.quota.calls_burst,
            calls_per_day=section.quota.calls_per_day,
            closures=_closures(section.maintenance),
        )

    @property
    def closures(self) -> Mapping[str, Closures]:
        """Return the maintenance of each platform."""
        return {name: _closures(platform.section.maintenance) for name, platform in self.sections.items()}

    @property
    def manners(self) -> Manners:
        """Return how the source of lookups is asked; once where there is none."""
        found = self.sections.get(self.citizens.platform)
        if found is None:
            return Manners()
        section, tries = found.section, found.section.lookup
        return Manners(
            persistence=Persistence(tries.attempts_max, Backoff(first_s=tries.first_s, max_s=tries.max_s)),
            circuit_open_s=section.circuit_open_s,
            circuit_open_max_s=section.circuit_open_max_s,
            quiet_max_s=(section.retry or self.retry).retry_after_max_s,
        )


def build_platforms(installation: Installation, seams: Seams, stack: AsyncExitStack) -> Platforms:
    """Build every adapter that is switched on."""
    operations: list[Operation] = []
    citizens: CitizenSource = _NoCitizens()
    for platform in installation.platforms:
        transport = seams.transport(platform.name)
        adapter = platform.module.build(platform.settings, seams.clock, transport)
        stack.push_async_callback(adapter.aclose)
        operations.extend(adapter.operations)
        citizens = adapter.citizens or citizens
    calendar = installation.calendar
    return Platforms(
        operations=tuple(operations),
        citizens=citizens,
        sections={platform.name: platform for platform in installation.platforms},
        retry=installation.hub.retry,
        time_limits=TimeLimits(
            WorkingTime(calendar) if calendar else None,
            {
                platform.name: timedelta(hours=hours)
                for platform in installation.platforms
                if (hours := platform.section.deliver_within_working_hours) is not None
            },
        ),
    )


def _closures(maintenance: Maintenance) -> Closures:
    weekly = (
        Weekly(frozenset(day.number for day in window.days), window.hours.begins, window.hours.ends)
        for window in maintenance.weekly
    )
    return Closures(weekly, (Dated(window.begins, window.ends) for window in maintenance.dated))


class _NoCitizens:
    """Stands where no population database is configured."""

    @property
    def platform(self) -> str:
        """Nobody."""
        return "none"

    async def lookup(self, query: CitizenQuery, request_id: str) -> Sequence[Citizen]:  # noqa: ARG002 - the port
        """Say so."""
        raise RefusedUs("no population database is configured")
