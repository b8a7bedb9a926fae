"""The national population database (service 037, SOAP over X-Road): it can be asked, and told nothing."""

from collections.abc import Sequence
from typing import Final

import httpx

from adapters.databases.population.config import PopulationConfig
from adapters.databases.population.source import PopulationSource
from adapters.wire.client import WireClient, make_client
from hub.ports import Adapter, CitizenSource, Clock, Operation

CONFIG: Final = PopulationConfig


class PopulationAdapter:
    """The population database behind the `Adapter` port."""

    def __init__(self, source: PopulationSource, http: WireClient) -> None:
        self._source = source
        self._http = http

    @property
    def name(self) -> str:
        """The platform's name in configuration, routes and metrics."""
        return self._source.platform

    @property
    def operations(self) -> Sequence[Operation]:
        """None: nothing is ever written to this platform."""
        return ()

    @property
    def citizens(self) -> CitizenSource:
        """The source of citizens."""
        return self._source

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._http.aclose()


def build(config: PopulationConfig, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> Adapter:
    """Build the adapter; reads the contract's files, and certificates where there are any. `transport`: see wire."""
    http = make_client(config.wire, transport)
    return PopulationAdapter(PopulationSource(config, clock, http), http)
