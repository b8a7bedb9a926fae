"""How configuration names systems, their keys and their grants."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from hub.access.principal import Principal
from schemas.agency import AgencyCode
from schemas.model import ConfigModel
from schemas.text import Title, Token


def _agency(value: object) -> object:
    return AgencyCode.parse(value) if isinstance(value, str) else value


AgencyEntry = Annotated[AgencyCode, BeforeValidator(_agency)]
"""An agency code in either spelling."""


class Service(StrEnum):
    """What the hub does for a caller."""

    CITIZEN_LOOKUP = "citizen.lookup"
    DOSSIER_SUBMIT = "dossier.submit"
    DOSSIER_FOLLOW = "dossier.follow"
    EVENTS = "events"

    @property
    def states_purpose(self) -> bool:
        """Whether each request must state a purpose (Luat 91/2025/QH15: personal data only for a stated purpose)."""
        return self is Service.CITIZEN_LOOKUP


class KeyEntry(ConfigModel):
    """One API key: its id in clear and the keyed digest of its secret. Two keys of a system allow a change of keys."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,32}$")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Grant(ConfigModel):
    """Leave to use one service; where the service wants a purpose, for the purposes listed and no others.

    `agencies` is for `events`: whose dossiers one is told of, with those of the agencies below them; one's own agency
    when nothing stands there.
    """

    service: Service
    purposes: tuple[Token, ...] = ()
    agencies: tuple[AgencyEntry, ...] = ()

    @model_validator(mode="after")
    def _purposes_where_stated(self) -> Self:
        if self.service.states_purpose != bool(self.purposes):
            raise ValueError("purposes")
        if self.agencies and self.service is not Service.EVENTS:
            raise ValueError("agencies")
        return self


class SystemEntry(ConfigModel):
    """One system of one agency, with its keys and grants. What is not granted is denied."""

    agency: AgencyEntry
    system: Token
    name: Title = "-"
    keys: tuple[KeyEntry, ...] = ()
    grants: tuple[Grant, ...] = ()

    @property
    def principal(self) -> Principal:
        """Return who the system is once it is authenticated."""
        return Principal(self.agency, self.system)
