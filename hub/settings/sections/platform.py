"""One file of `platforms/`."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from hub.settings.sections.retry import LookupTries, Retry
from hub.settings.sections.values import Seconds
from schemas.maintenance import Maintenance
from schemas.model import ConfigModel
from schemas.text import Name


class Quota(ConfigModel):
    """How often the hub may call a platform: on average, at once, and on one day in Vietnam; all processes together.

    `burst` is one second's calls where nothing stands. Nothing at all: as often as one likes.
    """

    calls_per_s: Annotated[float, Field(gt=0, le=10_000)] | None = None
    burst: Annotated[int, Field(ge=1, le=100_000)] | None = None
    calls_per_day: Annotated[int, Field(ge=1, le=100_000_000)] | None = None

    @model_validator(mode="after")
    def _burst_of_a_rate(self) -> Self:
        if self.burst is not None and self.calls_per_s is None:
            raise ValueError("burst needs calls_per_s")
        return self

    @property
    def calls_burst(self) -> int:
        """How many calls may begin at once."""
        return self.burst or max(1, round(self.calls_per_s or 1))


class PlatformSection(ConfigModel):
    """One file of `platforms/`: which adapter speaks to the platform, and how much of the hub it may use.

    `settings` belongs to the adapter, whose module says what may stand there. The titles are what screens show. What
    has not arrived `deliver_within_working_hours` after its acceptance expires; that needs `calendar.yaml`. During its
    `maintenance` nobody calls the platform. `lookup` is for the one that citizens are looked up in.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    adapter: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$", max_length=200)]
    enabled: bool = True
    title_vi: Name | None = None
    title_en: Name | None = None
    concurrency_max: Annotated[int, Field(ge=1, le=1000)] = 32
    hot_max: Annotated[int, Field(ge=1, le=1_000_000)] = 5000
    circuit_open_s: Seconds = 1.0
    circuit_open_max_s: Seconds = 30.0
    retry: Retry | None = None
    lookup: LookupTries = LookupTries()
    refusals_equal_max: Annotated[int, Field(ge=0, le=1000)] = 10
    quota: Quota = Quota()
    maintenance: Maintenance = Maintenance()
    deliver_within_working_hours: Annotated[float, Field(gt=0, le=2000)] | None = None
    settings: Annotated[dict[str, Any], Field(default_factory=dict)]
