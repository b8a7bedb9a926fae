"""The configuration of the population database: address, account, code tables and bounds."""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from adapters.wire.settings import Seconds, WireSettings
from adapters.wire.soap_fault import FaultRule
from schemas.citizen import Gender
from schemas.delivery import OutcomeClass
from schemas.dossier import ProcedureCode
from schemas.model import ConfigModel

HeaderText = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,300}$")]
"""Visible ASCII, as HTTP headers carry it."""

WireText = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f\x7f]{1,100}$")]
"""A code without blanks."""

Secret = Annotated[SecretStr, Field(min_length=1, max_length=300)]

GENDERS: Final[Mapping[str, Gender]] = {"0": Gender.UNKNOWN, "1": Gender.MALE, "2": Gender.FEMALE}
"""Gender codes of QCVN 109:2017/BTTTT. "assumed": that service 037 uses them too."""

FAULTS: Final = (
    FaultRule(code=re.compile("(?i)auth|access|denied|forbidden|unknownmember"), outcome=OutcomeClass.REFUSED_US),
    FaultRule(code=re.compile("^(VersionMismatch|MustUnderstand)"), outcome=OutcomeClass.REFUSED_US),
    FaultRule(code=re.compile("^(Client|Sender)"), outcome=OutcomeClass.REFUSED_MESSAGE),
)
"""The platform's own fault codes are not public. "assumed": the meaning that SOAP 1.1 and X-Road give to theirs."""


class PopulationWire(WireSettings):
    """Connections of the population database: somebody waits at a counter, so the bounds are short."""

    connections_max: Annotated[int, Field(ge=1, le=1000)] = 16
    connect_timeout_s: Seconds = 3.0
    ready_timeout_s: Seconds = 5.0
    read_timeout_s: Seconds = 15.0
    deadline_s: Seconds = 20.0
    reply_bytes_max: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 256 * 1024


class PopulationConfig(ConfigModel):
    """Account and tables of service 037.

    `url` takes the calls; `validation_url` (urlXacThuc) only goes into the hash. `request_prefix` starts every
    MaYeuCau. `service_codes` maps procedures to MaDVC, `officers` maps accounts to MaCanBo; both have a default.
    `unit_code`, `account` and `phone` are sent where they are not empty. `lookups_max` run at the same time,
    `waiting_max` may wait for their turn within the deadline; a reply holds `persons_max` persons at most.
    """

    url: HeaderText
    validation_url: HeaderText
    user: Annotated[str, Field(pattern=r"^[\x21-\x39\x3b-\x7e]{1,300}$", description="Visible ASCII, no colon")]
    secret_key: Secret
    api_key: Secret
    x_road_client: HeaderText
    request_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9.]{1,20}$")]
    integration_code: WireText = "037"
    service_code_default: WireText = "VPCP"
    service_codes: dict[ProcedureCode, WireText] = Field(default_factory=dict)
    officer_default: WireText
    officers: dict[str, WireText] = Field(default_factory=dict)
    unit_code: str = ""
    account: str = ""
    phone: str = ""
    genders: dict[str, Gender] = Field(default_factory=lambda: dict(GENDERS))
    faults: Annotated[tuple[FaultRule, ...], Field(max_length=50)] = FAULTS
    lookups_max: Annotated[int, Field(ge=1, le=1000)] = 16
    waiting_max: Annotated[int, Field(ge=0, le=10_000)] = 256
    persons_max: Annotated[int, Field(ge=1, le=100)] = 20
    wire: PopulationWire = PopulationWire()

    @model_validator(mode="after")
    def _secure(self) -> Self:
        if not self.wire.allows(self.url):
            raise ValueError("url must be https, or http with wire.plain_http")
        return self
