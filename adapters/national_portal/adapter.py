"""The portal behind its wire format, and how it is built from configuration."""

from collections.abc import Sequence

import httpx

from adapters.national_portal.config import PortalConfig
from adapters.national_portal.mapi import Mapi
from adapters.national_portal.operations import PLATFORM, DossierProgress, DossierSync
from adapters.wire.client import make_client
from hub.ports import CitizenSource, Clock, Operation


class PortalAdapter:
    """The `Adapter` port for the National Public Service Portal."""

    name = PLATFORM
    citizens: CitizenSource | None = None

    def __init__(self, config: PortalConfig, mapi: Mapi) -> None:
        self._mapi = mapi
        self.operations: Sequence[Operation] = (DossierSync(config, mapi), DossierProgress(config, mapi))

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._mapi.aclose()


def build(config: PortalConfig, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> PortalAdapter:
    """Return the adapter. Nothing is sent before the first operation."""
    client = make_client(config.wire, transport)
    return PortalAdapter(config, Mapi(config, clock, client))
