"""Configuration of the EMC adapter."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, HttpUrl, SecretStr, model_validator

from adapters.wire.settings import WireSettings
from adapters.wire.table import Rule
from hub.ports import DoubtRule
from schemas.dossier import Channel, ProcedureCode
from schemas.model import ConfigModel
from schemas.text import Token

_KEY_CHARS_MIN = 32
_NOBODY = frozenset({"", "null", "~"})


class Identity(StrEnum):
    """What stands for the owner of a dossier."""

    PSEUDONYM = "pseudonym"
    """A keyed digest of the number: one person stays one, and nobody can tell who."""
    RAW = "raw"
    """The number itself."""
    NONE = "none"
    """Nothing."""


class Level(StrEnum):
    """How much of a service can be done without coming, as it is published for its procedure."""

    DIRECT_PARTIAL = "direct_partial"
    DIRECT_FULL = "direct_full"
    ONLINE_PARTIAL = "online_partial"
    ONLINE_FULL = "online_full"


class FieldNames(StrEnum):
    """How the names of fields are spelled."""

    LISTED = "listed"
    """`MaHoSo`"""
    LOWER_FIRST = "lower_first"
    """`maHoSo`"""


class AppendDoubt(StrEnum):
    """What to do when an event may have arrived: EMC recognises no repeat and cannot be asked."""

    RESEND = DoubtRule.RESEND.value
    OPERATOR = DoubtRule.OPERATOR.value


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and value.strip() in _NOBODY else value


SiteId = Annotated[Annotated[int, Field(ge=0, le=2**31 - 1)] | None, BeforeValidator(_blank_is_none)]
"""A whole number; nothing, or `null`, switches tracking off."""


class EmcConfig(ConfigModel):
    """The registration of one site at EMC, and what of its dossiers is told.

    Without `site_id` nothing is owed. `code_profile` is the code under which the site was registered; where it is empty
    the dossier's code stands in its place. `location` is the code of the province. `levels` names the procedures whose
    level is not `level_default`. `portal_channels` are the channels whose dossiers come from the national portal.
    """

    url: HttpUrl
    site_id: SiteId = None
    code_profile: Annotated[str, Field(max_length=128)] = ""
    location: Token
    user_identity: Identity = Identity.PSEUDONYM
    pseudonym_key: SecretStr = SecretStr("")
    level_default: Level = Level.ONLINE_PARTIAL
    levels: dict[ProcedureCode, Level] = Field(default_factory=dict)
    portal_channels: tuple[Channel, ...] = ()
    field_names: FieldNames = FieldNames.LISTED
    on_doubt: AppendDoubt = AppendDoubt.RESEND
    rules: tuple[Rule, ...] = ()
    wire: WireSettings = WireSettings()

    @model_validator(mode="after")
    def _allowed_address(self) -> Self:
        if not self.wire.allows(str(self.url)):
            raise ValueError("url must be https, or http with wire.plain_http")
        return self

    @model_validator(mode="after")
    def _keyed(self) -> Self:
        key = self.pseudonym_key.get_secret_value()
        if self.user_identity is Identity.PSEUDONYM and len(key) < _KEY_CHARS_MIN:
            raise ValueError(f"user_identity pseudonym needs a pseudonym_key of at least {_KEY_CHARS_MIN} characters")
        return self
