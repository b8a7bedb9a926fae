"""The national population database (service 037, SOAP over X-Road): it can be asked, and told nothing."""

from collections.abc import Sequence
from typing import Final

import httpx

from adapters.databases.population.config import PopulationConfig
from adapters.databases.population.source import PLATFORM, PopulationSource
from adapters.wire.client import WireClient, make_client
from hub.ports import CitizenSource, Clock, Operation

CONFIG: Final = PopulationConfig


class PopulationAdapter:
    """The population database behind the `Adapter` port."""

    name = PLATFORM
    operations: Sequence[Operation] = ()

    def __init__(self, source: PopulationSource, http: WireClient) -> None:
        self.citizens: CitizenSource | None = source
        self._http = http

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


def build(
    config: PopulationConfig, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
) -> PopulationAdapter:
    """Build the adapter; reads the contract's files, and certificates where there are any. `transport`: see wire."""
    http = make_client(config.wire, transport)
    return PopulationAdapter(PopulationSource(config, clock, http), http)
