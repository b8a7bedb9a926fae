"""What one process of the hub does."""

from enum import StrEnum

from hub.errors import ConfigInvalid
from hub.settings import Installation


class Role(StrEnum):
    """`run` is the whole hub in one process; on a shared log and store, `api` and `worker` run any number of times."""

    RUN = "run"
    API = "api"
    WORKER = "worker"

    @property
    def opens_door(self) -> bool:
        """Whether callers reach it."""
        return self is not Role.WORKER

    @property
    def delivers(self) -> bool:
        """Whether it brings messages to platforms, and keeps what follows from them."""
        return self is not Role.API


def require_fit(role: Role, installation: Installation) -> None:
    """ConfigInvalid when the log or a store is a file that the other processes cannot share."""
    hub = installation.hub
    if role is Role.RUN or hub.shared:
        return
    files = ", ".join(str(address) for address in (hub.log, hub.store, hub.keys) if address.embedded)
    raise ConfigInvalid(
        f"hub {role} works beside other processes and needs a log on kafka:// and stores on postgresql://; "
        f"here is {files}. Everything in one process: hub run"
    )
