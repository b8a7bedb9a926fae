"""Who calls."""

from dataclasses import dataclass

from schemas.agency import AgencyCode


@dataclass(frozen=True, slots=True)
class Principal:
    """A system of an agency, authenticated. It acts for the agency and for every agency below it."""

    agency: AgencyCode
    system: str

    @property
    def sender(self) -> str:
        """Return the name under which the inbox remembers this system's requests."""
        return f"{self.agency}/{self.system}"
