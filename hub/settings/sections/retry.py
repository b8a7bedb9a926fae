"""Waiting between tries."""

from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from hub.settings.sections.values import Seconds
from schemas.model import ConfigModel


class Retry(ConfigModel):
    """Waiting between the tries of a delivery: any time below a ceiling, which doubles from `first_s` to `max_s`.

    What fails `attempts_max` times, or once more `age_max_s` after its acceptance, is given up and waits for a person;
    only tries count that fail while the platform takes others. Nothing is given up where nothing stands. A platform
    that asks to be left alone (Retry-After) is left alone for `retry_after_max_s` at most.
    """

    first_s: Seconds = 1.0
    max_s: Seconds = 300.0
    attempts_max: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    age_max_s: Annotated[float, Field(gt=0, le=366 * 86400)] | None = None
    retry_after_max_s: Annotated[float, Field(ge=1, le=86400)] = 3600.0

    @field_validator("max_s")
    @classmethod
    def _in_order(cls, value: float, info: Any) -> float:
        if value < info.data.get("first_s", 0):
            raise ValueError("must not be less than first_s")
        return value


class LookupTries(ConfigModel):
    """How often the source of lookups is asked within one lookup, when a try finds no answer; 1: once.

    Between tries: any time below a ceiling, which doubles from `first_s` to `max_s`. All of them together last
    `deadlines.lookup_s` at most.
    """

    attempts_max: Annotated[int, Field(ge=1, le=10)] = 3
    first_s: Annotated[float, Field(gt=0, le=60)] = 0.2
    max_s: Annotated[float, Field(gt=0, le=60)] = 2.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_s < self.first_s:
            raise ValueError("max_s must not be less than first_s")
        return self
