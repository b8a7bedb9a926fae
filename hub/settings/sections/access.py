"""Who may call, and for what: agencies, systems, grants, procedures."""

from typing import Annotated

from pydantic import AfterValidator, Field

from hub.access import AgencyEntry, Grant, SystemEntry
from hub.settings.sections.values import some
from schemas.model import ConfigModel
from schemas.procedure import Procedure
from schemas.text import Name, Token


class Agency(ConfigModel):
    """One agency that the hub knows."""

    code: AgencyEntry
    name: Name


class AgenciesFile(ConfigModel):
    """`agencies.yaml`."""

    agencies: Annotated[tuple[Agency, ...], Field(max_length=10_000), AfterValidator(some)]


class SystemsFile(ConfigModel):
    """`systems.yaml`: who may call, with the digests of their keys."""

    systems: Annotated[tuple[SystemEntry, ...], Field(max_length=10_000)] = ()


class SystemGrants(ConfigModel):
    """What one system may use."""

    agency: AgencyEntry
    system: Token
    grants: tuple[Grant, ...]


class GrantsFile(ConfigModel):
    """`grants.yaml`: what is not listed here is denied."""

    grants: Annotated[tuple[SystemGrants, ...], Field(max_length=10_000)] = ()


class ProceduresFile(ConfigModel):
    """`procedures.yaml`: every version of every procedure, each with the days on which it holds."""

    procedures: Annotated[tuple[Procedure, ...], Field(max_length=20_000), AfterValidator(some)]
