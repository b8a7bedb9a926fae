"""Grants: agency x system x service x purpose. What is not listed is denied."""

from collections.abc import Iterable, Iterator

from hub.access.entries import Service, SystemEntry
from hub.access.principal import Principal
from hub.errors import ConfigInvalid, Forbidden
from schemas.agency import AgencyCode

_Line = tuple[Principal, Service, str]


class Grants:
    """Every grant of every system. ConfigInvalid when a system is listed twice."""

    def __init__(self, systems: Iterable[SystemEntry]) -> None:
        systems = tuple(systems)
        if len({entry.principal for entry in systems}) < len(systems):
            raise ConfigInvalid("a system is listed twice")
        self._lines = frozenset(line for entry in systems for line in _lines(entry))
        self._scopes = {entry.principal: scope for entry in systems if (scope := _scope(entry))}

    def allows(self, principal: Principal, service: Service, purpose: str = "") -> bool:
        """Whether the principal may use the service for the purpose; "" where the service states none."""
        return (principal, service, purpose) in self._lines

    def require(self, principal: Principal, service: Service, purpose: str = "") -> None:
        """Pass, or raise Forbidden."""
        if not self.allows(principal, service, purpose):
            raise Forbidden(f"no grant for {service}")

    def event_scope(self, principal: Principal) -> tuple[AgencyCode, ...]:
        """Return the agencies of whose dossiers the principal is told; Forbidden when there are none."""
        scope = self._scopes.get(principal)
        if not scope:
            raise Forbidden(f"no grant for {Service.EVENTS}")
        return scope


def _scope(entry: SystemEntry) -> tuple[AgencyCode, ...]:
    grants = [grant for grant in entry.grants if grant.service is Service.EVENTS]
    return tuple(agency for grant in grants for agency in grant.agencies or (entry.agency,))


def _lines(entry: SystemEntry) -> Iterator[_Line]:
    for grant in entry.grants:
        for purpose in grant.purposes or ("",):
            yield entry.principal, grant.service, purpose
