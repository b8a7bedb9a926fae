"""The platforms of an installation: adapters built from configuration, and what they can do."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from hub.app.seams import Seams
from hub.delivery.dispatch import ShareLimits
from hub.errors import RefusedUs
from hub.pipeline.decide import Backoff
from hub.ports import CitizenSource, Operation
from hub.settings import Installation, Platform
from schemas.citizen import Citizen, CitizenQuery


@dataclass(frozen=True, slots=True)
class Platforms:
    """Operations in the order of the configuration, and the one source of citizens."""

    operations: tuple[Operation, ...]
    citizens: CitizenSource
    sections: dict[str, Platform]
    backoff: Backoff

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
    retry = installation.hub.retry
    return Platforms(
        operations=tuple(operations),
        citizens=citizens,
        sections={platform.name: platform for platform in installation.platforms},
        backoff=Backoff(first_s=retry.first_s, max_s=retry.max_s),
    )


class _NoCitizens:
    """Stands where no population database is configured."""

    @property
    def platform(self) -> str:
        """Nobody."""
        return "none"

    async def lookup(self, query: CitizenQuery, request_id: str) -> Sequence[Citizen]:  # noqa: ARG002 - the port
        """Say so."""
        raise RefusedUs("no population database is configured")
