"""Carries out the plan of a fleet: nothing waits until what was killed works again."""

import asyncio
from collections.abc import Callable, Sequence

from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.fleet import Fleet
from tests.chaos.fleet_plan import Beside, Blow, Company, Kill
from tests.chaos.shared_world import SharedWorld
from tests.chaos.trouble import Sort, Trouble
from tests.chaos.wall_clock import WallClock
from tests.chaos.weather import faults

_JOINED_S = 5.0


class Strikes:
    """Strikes a fleet and its world. `struck` is called after each kill with its number."""

    def __init__(self, fleet: Fleet, world: SharedWorld, clock: WallClock, struck: Callable[[int], None]) -> None:
        self._fleet = fleet
        self._world = world
        self._clock = clock
        self._struck = struck
        self._joining = asyncio.Lock()

    async def run(self, plan: Sequence[Blow]) -> None:
        """Strike as planned, and return when everything is up and well again."""
        async with asyncio.TaskGroup() as group:
            for number, blow in enumerate(plan, 1):
                await asyncio.sleep(blow.after_s)
                if blow.company is not None:
                    group.create_task(self._accompany(blow.company))
                dead = asyncio.Event()
                group.create_task(self._kill(blow, dead.set))
                await dead.wait()
                self._struck(number)

    async def _kill(self, blow: Blow, dead: Callable[[], None]) -> None:
        if blow.kill is Kill.BROKER:
            await self._world.kill_broker(dead)
        else:
            await self._fleet.kill(f"{blow.kill}-{blow.member}", dead, early=blow.early)

    async def _accompany(self, one: Company) -> None:
        if one.fault is not None:
            await self._road(one.beside).suffer(one.fault)
        elif one.trouble is not None and one.trouble.sort is Sort.CLOCK:
            await self._jump(one.trouble)
        elif one.trouble is not None:
            await self._trouble_portal(one)
        else:
            await self._move(one)

    async def _jump(self, trouble: Trouble) -> None:
        self._clock.set(trouble.size)
        try:
            await asyncio.sleep(trouble.for_s)
        finally:
            self._clock.set(0)

    def _road(self, beside: Beside) -> FaultProxy:
        roads = {Beside.BROKER_ROAD: self._world.broker_road, Beside.STORE_ROAD: self._world.store_road}
        return roads.get(beside, self._world.portal_road)

    async def _move(self, one: Company) -> None:
        match one.beside:
            case Beside.FREEZE_WORKER:
                await self._fleet.freeze(f"worker-{one.member}", one.for_s)
            case Beside.FREEZE_API:
                await self._fleet.freeze(f"api-{one.member}", one.for_s)
            case Beside.ROLL_WORKER:
                await self._fleet.roll(f"worker-{one.member}")
            case Beside.ROLL_API:
                await self._fleet.roll(f"api-{one.member}")
            case Beside.JOIN:
                await self._join_and_leave()
            case Beside.BROKER_AWAY:
                await self._world.take_broker_away(one.for_s)
            case Beside.STORE_KILLED:
                await self._world.kill_store()
            case _:
                raise NotImplementedError(one.beside)

    async def _trouble_portal(self, one: Company) -> None:
        if one.trouble is None:
            return
        for fault in faults(one.trouble):
            await self._world.portal.fault(fault.kind, **fault.bounds)
        if one.trouble.sort is Sort.EXPIRED:
            await self._world.portal.expire_sessions()

    async def _join_and_leave(self) -> None:
        async with self._joining:
            await self._fleet.add("worker", "worker-3")
            await asyncio.sleep(_JOINED_S)
            await self._fleet.remove("worker-3")
