"""`hub.yaml`, the whole of it."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from hub.settings.address import Address, LogAddress, StoreAddress
from hub.settings.sections.door import Deadlines, Limits, Listen
from hub.settings.sections.homes import Kafka, Secrets
from hub.settings.sections.operations import Operators, Reconciliation
from hub.settings.sections.retention import Retention
from hub.settings.sections.retry import Retry
from schemas.model import ConfigModel
from schemas.text import Name


class HubSection(ConfigModel):
    """`hub.yaml`. `home` is where the hub keeps its files; relative to the installation folder.

    `sandbox` says that the platforms are not the real ones, and the screens say so too. `public_url` is the address
    under which others reach the door.
    """

    title: Name = "Trục tích hợp, chia sẻ dữ liệu"
    listen: Listen = Listen(host="127.0.0.1", port=8080)
    home: Path
    log: LogAddress = Address("sqlite:///log.db")
    store: StoreAddress = Address("sqlite:///store.db")
    keys: StoreAddress = Address("sqlite:///keys.db")
    kafka: Kafka = Kafka()
    secrets: Secrets
    limits: Limits = Limits()
    retry: Retry = Retry()
    deadlines: Deadlines = Deadlines()
    retention: Retention = Retention()
    operators: Operators = Operators()
    reconciliation: Reconciliation = Reconciliation()
    sandbox: bool = False
    public_url: Annotated[str, Field(max_length=255, pattern=r"^https?://[^\s?#]+[^/\s?#]$")] | None = None

    def file(self, address: Address) -> Path:
        """Return the file of an embedded log or store."""
        return self.home / address.path

    @property
    def sockets(self) -> Path:
        """Where the running processes have their admin sockets, `<name>.sock`."""
        return self.home / "run"

    @property
    def shared(self) -> bool:
        """Whether several processes can work on the log and the stores at once."""
        return not (self.log.embedded or self.store.embedded or self.keys.embedded)
