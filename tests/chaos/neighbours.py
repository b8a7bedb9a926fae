"""The platforms beside the portal, EMC and the population database: each behind a road of its own, in trouble by seed.

What befalls them is drawn apart from what befalls the hub and the portal, and begins with each kill.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from random import Random

from ops.sandbox.remote import Remote
from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.road_fault import Bad
from tests.chaos.trouble import OF_THE_PLATFORM, Sort, Trouble, draw
from tests.chaos.weather import LOOKUP_WEATHER, WEATHER, faults, set_in
from tests.e2e.installation import Platforms, replace_value
from tests.e2e.processes import Sandboxes

_AFTER_S = (0.0, 3.0)
"""Past the kill; a hub takes that long to come back to work."""
_SORTS: tuple[tuple[Sort, Bad | None], ...] = (
    *((Sort.ROAD, bad) for bad in Bad),
    *((sort, None) for sort in sorted(OF_THE_PLATFORM - {Sort.EXPIRED})),
)


class Name(StrEnum):
    """Which platform."""

    EMC = "emc"
    POPULATION = "population"


@dataclass(frozen=True, slots=True)
class Aside:
    """One trouble of one platform, `after_s` a kill."""

    name: Name
    after_s: float
    trouble: Trouble

    def __str__(self) -> str:
        return f"{self.name}: {self.trouble}"


def asides(seed: int, kills: int) -> Sequence[Aside]:
    """Return what comes with each kill: each platform in turn, every kind of trouble once before one comes twice."""
    chance = Random(f"{seed}:neighbours")
    drawn = {name: _drawn(chance, name) for name in Name}
    return [next(drawn[name]) for name, _ in zip(list(Name) * kills, range(kills), strict=False)]


def _drawn(chance: Random, name: Name) -> Iterator[Aside]:
    while True:
        for sort, bad in chance.sample(_SORTS, len(_SORTS)):
            yield Aside(name, chance.uniform(*_AFTER_S), draw(chance, sort, bad))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One platform: its control port, and the road before its address."""

    remote: Remote
    road: FaultProxy

    async def befall(self, trouble: Trouble) -> None:
        """Let it happen; a road is whole again when this returns."""
        if trouble.fault is not None:
            await self.road.suffer(trouble.fault)
        for fault in faults(trouble):
            await self.remote.fault(fault.kind, **fault.bounds)


class Neighbours:
    """Both platforms. Made by `neighbours`."""

    def __init__(self, emc: Neighbour, population: Neighbour, plan: Sequence[Aside]) -> None:
        self.emc = emc
        self.population = population
        self.plan = plan
        self._under_way: list[asyncio.Task[None]] = []

    def addressed(self, platforms: Platforms) -> Platforms:
        """Return the addresses of an installation, with the population database behind its road."""
        return replace(platforms, population=self.population.road.address)

    def install(self, folder: Path) -> None:
        """Switch EMC on in an installation, behind its road."""
        file = folder / "platforms" / "emc.yaml"
        replace_value(file, "enabled", "true")
        replace_value(file, "url", f"{self.emc.road.address}/TrackingMCDT")
        replace_value(file, "concurrency_max", "32\ncircuit_open_max_s: 2")
        replace_value(file, "plain_http", "true\n    read_timeout_s: 5")

    async def set_in(self, seed: int) -> None:
        """Let the weather begin."""
        await set_in(self.emc.remote, seed, WEATHER)
        await set_in(self.population.remote, seed, LOOKUP_WEATHER)

    def strike(self, number: int) -> None:
        """Let begin what comes with the kill of that number, which counts from 1."""
        self._under_way.append(asyncio.create_task(self._befall(self.plan[number - 1])))

    async def over(self) -> None:
        """Return when nothing of it goes on any more."""
        await asyncio.gather(*self._under_way)

    async def _befall(self, aside: Aside) -> None:
        await asyncio.sleep(aside.after_s)
        await (self.emc if aside.name is Name.EMC else self.population).befall(aside.trouble)


@asynccontextmanager
async def neighbours(boxes: Sandboxes, seed: int, kills: int) -> AsyncIterator[Neighbours]:
    """Open the roads."""
    async with AsyncExitStack() as stack:
        emc = await _neighbour(boxes.emc, boxes.emc_control, stack)
        population = await _neighbour(boxes.platforms.population, boxes.population_control, stack)
        yield Neighbours(emc, population, asides(seed, kills))


async def _neighbour(address: str, control: str, stack: AsyncExitStack) -> Neighbour:
    host, _, port = address.removeprefix("http://").rpartition(":")
    road = FaultProxy((host, int(port)))
    await road.open()
    stack.push_async_callback(road.aclose)
    return Neighbour(await stack.enter_async_context(Remote(control)), road)
