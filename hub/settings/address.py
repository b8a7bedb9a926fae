"""Where the log and the databases are: `sqlite:///file` on this machine, `kafka://` and `postgresql://` beyond it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import PlainValidator

_SQLITE = re.compile(r"sqlite:///[^?#\s]+")
_KAFKA = re.compile(r"kafka://[A-Za-z0-9.\-]+:\d{1,5}(,[A-Za-z0-9.\-]+:\d{1,5})*")
_POSTGRESQL = re.compile(r"postgresql://(\S+@)?[^@\s]*/[^@\s]+")
_PASSWORD = re.compile(r"(?<=://)([^:@/\s]*):[^@/\s]*@")


@dataclass(frozen=True, slots=True)
class Address:
    """One address; its text in logs and error texts holds no password."""

    url: str = field(repr=False)

    @property
    def embedded(self) -> bool:
        """Whether it is a file of this machine, which one process alone can use."""
        return self.url.startswith("sqlite:")

    @property
    def path(self) -> Path:
        """The file of an embedded one; relative to the hub's home unless absolute."""
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def bootstrap(self) -> str:
        """The brokers of a Kafka address, as host:port,host:port."""
        return self.url.removeprefix("kafka://")

    def __str__(self) -> str:
        return _PASSWORD.sub(r"\1:***@", self.url)


def has_password(text: str) -> bool:
    """Whether a text is an address with a password in it."""
    return _PASSWORD.search(text) is not None


def _reader(form: re.Pattern[str], other: str) -> Callable[[Any], Address]:
    def read(value: Any) -> Address:
        if isinstance(value, Address):
            return value
        if not isinstance(value, str) or not (_SQLITE.fullmatch(value) or form.fullmatch(value)):
            raise ValueError(f"must be sqlite:///file or {other}")
        return Address(value)

    return read


LogAddress = Annotated[Address, PlainValidator(_reader(_KAFKA, "kafka://host:port"))]
"""`sqlite:///file`, or `kafka://host:port[,host:port]`."""

StoreAddress = Annotated[Address, PlainValidator(_reader(_POSTGRESQL, "postgresql://user@host/database"))]
"""`sqlite:///file`, or `postgresql://user:password@host:port/database`; a password comes from the environment."""
