"""What the sandbox EMC expects.

Known of the real one: the address, the names of the fields and their codes, and that a site is registered. Whatever
says "assumed" is not known.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class EmcSettings(BaseModel):
    """Sandbox defaults; none of these values opens anything real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = "/TrackingMCDT"
    site_id: Annotated[int, Field(ge=0)] = 5638
    """`SiteId` of the one site that is registered."""
    code_profile: str = "SANDBOX-H56"
    """`CodeProfile` of that site; empty: the code of the dossier is expected there (assumed)."""
    field_names: Literal["listed", "lower_first"] = "listed"
    """Assumed: names are spelled as they are listed (`MaHoSo`) and not otherwise (`maHoSo`)."""
    site_status: int = 403
    """Assumed: HTTP status for a site that is not registered."""
    body_bytes_max: int = 64_000
    """Assumed."""
