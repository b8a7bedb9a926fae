"""Configuration of the National Public Service Portal's adapter."""

import re
from typing import Annotated, Self

from pydantic import Field, HttpUrl, SecretStr, field_validator, model_validator

from adapters.wire.settings import WireSettings
from adapters.wire.table import Rule, expression
from schemas.model import ConfigModel
from schemas.text import Token

Line = Annotated[str, Field(min_length=1, max_length=500)]
_COMPARED = frozenset({"MaHoSo", "TrangThaiHoSo"})


class Recognition(ConfigModel):
    """How a reply is recognised: by one of the codes, and by a text (regular expression, case does not matter).

    What is left out matches anything; both left out match nothing.
    """

    codes: tuple[str, ...] = ()
    text: str = ""

    _valid_text = field_validator("text")(expression)

    def fits(self, code: str, text: str) -> bool:
        """Whether a reply with this code and text is meant."""
        if self.codes and code not in self.codes:
            return False
        if not self.text:
            return bool(self.codes)
        return re.search(self.text, text, re.IGNORECASE) is not None


class FeeCodes(ConfigModel):
    """Codes of fees. The portal's lists were not published; these values are assumed from what other senders use."""

    fee: str = "1"
    charge: str = "1"
    before: str = "1"
    after: str = "4"


class PortalConfig(ConfigModel):
    """One account at the portal's adapter. Code and text patterns are assumed unless the template says otherwise.

    `unit` is the portal's `madonvi`, `provider` the member code that goes into the header `dstcode`. What
    `TraCuuHoSo` shows in another form than it was sent stands in `incomparable_fields`.
    """

    adapter_url: HttpUrl
    login_path: Line = "/mapi/login"
    read_path: Line = "/mapi/g"
    push_path: Line = "/mapi/g"
    username: Line
    password: SecretStr
    provider: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
    unit: Token
    wire: WireSettings = WireSettings()
    session_age_s_max: Annotated[float, Field(gt=0, le=86_400)] = 1800.0
    session_refused: Recognition = Recognition(text=r"\bsession\b|phiên (làm việc|đăng nhập)")
    duplicate: Recognition = Recognition(codes=("3", "-3"), text="đã tồn tại")
    unknown_dossier: Recognition = Recognition(text=r"hồ sơ.*(không|chưa) tồn tại|không tìm thấy.*hồ sơ")
    incomparable_fields: Annotated[tuple[Token, ...], Field(max_length=100)] = ()
    database_codes: dict[Token, Token] = Field(default_factory=dict)
    fee_codes: FeeCodes = FeeCodes()
    sync_rules: tuple[Rule, ...] = ()
    progress_rules: tuple[Rule, ...] = ()

    @field_validator("incomparable_fields")
    @classmethod
    def _state_is_compared(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if _COMPARED & set(value):
            raise ValueError(f"{' and '.join(sorted(_COMPARED))} are always compared")
        return value

    @model_validator(mode="after")
    def _allowed_address(self) -> Self:
        if not self.wire.allows(str(self.adapter_url)):
            raise ValueError("adapter_url must be https, or http with wire.plain_http")
        return self
