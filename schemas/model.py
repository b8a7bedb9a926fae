"""The base of every model that the hub reads or writes."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Immutable, closed to unknown fields, and strict: a number sent as text is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ConfigModel(BaseModel):
    """A section of configuration: immutable and closed to unknown keys.

    Configuration files hold text only, so numbers and booleans are read from text here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
