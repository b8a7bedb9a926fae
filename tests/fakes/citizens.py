"""A source of citizens that says what a test told it."""

import asyncio
from collections.abc import Sequence

from hub.errors import PlatformFault
from schemas.citizen import Citizen, CitizenQuery

NUMBER = "001000000001"
CITIZEN = Citizen(personal_number=NUMBER, full_name="NGUYỄN VĂN A")


class MemoryCitizens:
    """The `CitizenSource` port: one citizen, until a test says otherwise. `faults` strike one call each."""

    platform = "population"

    def __init__(self) -> None:
        self.found: Sequence[Citizen] = (CITIZEN,)
        self.fault: PlatformFault | None = None
        self.faults: list[PlatformFault] = []
        self.delay_s = 0.0
        self.asked: list[tuple[CitizenQuery, str]] = []

    async def lookup(self, query: CitizenQuery, request_id: str) -> Sequence[Citizen]:
        """As the port; what was asked is remembered."""
        self.asked.append((query, request_id))
        await asyncio.sleep(self.delay_s)
        if self.faults:
            raise self.faults.pop(0)
        if self.fault:
            raise self.fault
        return self.found
