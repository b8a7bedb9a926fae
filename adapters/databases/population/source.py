"""The population database as a source of citizens."""

import asyncio
from collections.abc import Sequence
from typing import Final

import httpx

from adapters.databases.population.auth import call_headers
from adapters.databases.population.config import PopulationConfig
from adapters.databases.population.reply import read_citizens
from adapters.databases.population.request import request_fields
from adapters.databases.population.slots import Slots
from adapters.wire.client import WireClient
from adapters.wire.exchange import Answer
from adapters.wire.soap import SoapRoad, SoapService, load_contract
from adapters.wire.soap_reply import body_element
from hub.ports import Clock
from schemas.citizen import Citizen, CitizenQuery

PLATFORM: Final = "population"
PACKAGE: Final = "adapters.databases.population"
OPERATION: Final = "TraCuuThongTinCongDan"
BINDING: Final = "{http://dancuquocgia.bca}PopulationSoap"


class PopulationSource:
    """Service 037 behind the `CitizenSource` port: confirms a person by number, name and birth; it does not search."""

    platform = PLATFORM

    def __init__(self, config: PopulationConfig, clock: Clock, http: WireClient) -> None:
        self._config = config
        self._clock = clock
        self._http = http
        self._service = SoapService(load_contract(PACKAGE, "population.wsdl"), BINDING, httpx.URL(config.url))
        self._slots = Slots(config.lookups_max, config.waiting_max)

    async def lookup(self, query: CitizenQuery, request_id: str) -> Sequence[Citizen]:
        """Return the persons that match: none, one, or several, within `wire.deadline_s`.

        A lookup has no effect, so ReplyLost and ReplyUnreadable only mean that nothing was learnt. Errors:
        PlatformFault; Invalid, before anything is sent, for a name that XML cannot carry.
        """
        deadline = asyncio.get_running_loop().time() + self._config.wire.deadline_s
        fields = request_fields(query, request_id, self._config)
        async with self._slots.slot(deadline):
            answer = await self._ask(fields, deadline)
        collection = body_element(answer, self._config.faults)
        return read_citizens(collection, query, self._config.genders, self._config.persons_max)

    async def _ask(self, fields: dict[str, object], deadline: float) -> Answer:
        """Make the headers as late as possible: the platform refuses a stale time."""
        headers = call_headers(self._config, self._clock.now())
        road = SoapRoad(self._http, headers, deadline, self._config.wire.reply_bytes_max)
        return await self._service.call(OPERATION, fields, road)
