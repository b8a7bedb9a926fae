"""Where the door is, how much may come in, and how long somebody waits."""

from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from hub.errors import ConfigInvalid
from hub.settings.sections.values import Seconds
from schemas.model import ConfigModel


class Listen(ConfigModel):
    """Where the hub's door is. Port 0 lets the system choose."""

    host: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[0-9A-Za-z.:_-]+$")]
    port: Annotated[int, Field(ge=0, le=65535)]

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        host, colon, port = value.rpartition(":")
        if not colon or not port.isdecimal():
            raise ValueError("must be host:port, such as 127.0.0.1:8080")
        return {"host": host.strip("[]"), "port": port}

    @property
    def address(self) -> str:
        """Where a client on this machine finds the door."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read_listen(text: str) -> Listen:
    """Read host:port as a command line gives it. ConfigInvalid says what is wrong."""
    try:
        return Listen.model_validate(text)
    except ValidationError as error:
        raise ConfigInvalid(f"--listen {text}: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


class Limits(ConfigModel):
    """Bounds of the whole hub. Lower `window_records` only after a clean stop; `partitions` never change."""

    body_bytes_max: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 1024 * 1024
    requests_in_flight_max: Annotated[int, Field(ge=1, le=100_000)] = 512
    window_records: Annotated[int, Field(ge=1, le=100_000)] = 1000
    inflight_park_after_s: Seconds = 1.0
    disk_free_bytes_min: Annotated[int, Field(ge=0)] = 512 * 1024 * 1024
    partitions: Annotated[int, Field(ge=1, le=256)] = 8
    backlog_max: Annotated[int, Field(ge=1)] = 1_000_000
    platform_backlog_max: Annotated[int, Field(ge=1)] = 200_000


class Deadlines(ConfigModel):
    """How long somebody waits: a caller for an acceptance or a lookup, a stop for the calls under way.

    A delivery that is not final after `late_after_s` is late, and its sender is told; a platform to which something is
    owed and that took nothing for `silence_after_s` is silent, and operators are.
    """

    accept_s: Seconds = 10.0
    lookup_s: Seconds = 30.0
    drain_s: Seconds = 10.0
    late_after_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 4 * 3600.0
    silence_after_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 900.0
