"""How the hub connects to a platform: the part of a platform's configuration that every adapter shares."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.model import ConfigModel

Seconds = Annotated[float, Field(gt=0, le=600)]


class WireSettings(ConfigModel):
    """Bounds, timeouts and trust of one platform's connections. Times in seconds, sizes in bytes.

    `connect_timeout_s` bounds TCP and TLS; `ready_timeout_s` bounds everything before the first byte goes out: waiting
    for a place in the pool, DNS, TCP and TLS; `read_timeout_s` bounds each silence of the platform; `deadline_s` bounds
    a whole operation, log-in included. Connections idle for `idle_s` are closed: less than the five seconds after
    which common servers close theirs, so that a request seldom meets a connection that is being closed.
    """

    plain_http: bool = False
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    connections_max: Annotated[int, Field(ge=1, le=1000)] = 64
    idle_s: Seconds = 4.0
    connect_timeout_s: Seconds = 5.0
    ready_timeout_s: Seconds = 10.0
    read_timeout_s: Seconds = 60.0
    deadline_s: Seconds = 90.0
    reply_bytes_max: Annotated[int, Field(ge=1024, le=64 * 1024 * 1024)] = 1024 * 1024

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Shorter bounds first, so that an expired deadline never means a connection that was still being made."""
        if not self.connect_timeout_s <= self.ready_timeout_s < self.deadline_s:
            raise ValueError("connect_timeout_s <= ready_timeout_s < deadline_s")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together")
        return self

    def allows(self, url: str) -> bool:
        """Whether a platform's address may be used: https, or http where `plain_http` says so."""
        return url.startswith("https://") or (self.plain_http and url.startswith("http://"))
