"""What the sandbox portal expects and how it answers.

Request shapes follow the portal's synchronisation interface. Whatever says "assumed" is not known of the real portal:
no error table, session lifetime or batch limit was ever published, so each is a setting.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PortalCode = Annotated[str, Field(pattern=r"^-?\d{1,3}$")]


class PortalCodes(BaseModel):
    """The values of `error_code`. Known: "0" is success, "3" and "-3" say that a dossier exists. Assumed: the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    login_refused: PortalCode = "-1"
    session_refused: PortalCode = "-2"
    service_unknown: PortalCode = "-4"
    unit_refused: PortalCode = "-5"
    field_invalid: PortalCode = "-6"
    dossier_unknown: PortalCode = "-7"
    batch_too_large: PortalCode = "-8"
    malformed: PortalCode = "-9"
    item_left_out: PortalCode = "-10"
    header_refused: PortalCode = "-11"


class PortalSettings(BaseModel):
    """Sandbox defaults; none of these values opens anything real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str = "hub-sandbox"
    password: str = "sandbox-password"
    dstcode: str = "VN/GOV/000.00.00.G22/SANDBOX"
    madonvi: str = "H56"
    login_path: str = "/mapi/login"
    service_path: str = "/mapi/g"

    session_age_max_s: float = 1800.0
    """Assumed: sessions end half an hour after the login, however they are used."""
    sessions_max: int = 1000
    """Assumed: a user may hold several sessions; the oldest gives way."""
    progress_rows_max: int = 10
    """Assumed: the known client sends no more than ten rows at once."""
    dossiers_max: int = 100
    """Assumed."""
    body_bytes_max: int = 5_000_000
    """Assumed."""
    headers_strict: bool = True
    """Assumed: `Accept: application/json` and `Charset: utf-8`, which the known client sends, are asked for."""
    header_status: int = 400
    """Assumed: HTTP status for a wrong `dstcode` or a missing header."""
    refusal_status: int = 200
    """Assumed: refusals of the service itself come with HTTP 200 and speak through `error_code`."""
    error_code_form: Literal["mixed", "int", "str"] = "mixed"
    """Known: it comes as 0, "0" and "00". Assumed: which one comes when (by seed)."""
    result_form: Literal["mixed", "list", "object"] = "mixed"
    """Known: a single result comes as a list or as an object. Assumed: which one comes when (by seed)."""
    codes: PortalCodes = PortalCodes()
