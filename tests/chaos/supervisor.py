"""Keeps a hub alive that keeps dying: starts it, lets it die as planned, starts it again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from tests.chaos.nursery import Births
from tests.chaos.plan import Life
from tests.chaos.quota import Quota
from tests.chaos.road_fault import Bad, RoadFault
from tests.chaos.trouble import Sort
from tests.chaos.world import World
from tests.e2e.installation import Installed
from tests.e2e.processes import NotStarted, Running, listening

_RIPE_S_MAX = 15.0
_PATIENCE_S = 8.0
_NUDGED_S_MAX = 15.0
_NUDGE_S = 1.0
_LOOK_EVERY_S = 0.05


class WrongEnd(Exception):
    """The hub ended by something other than the kill; the text holds the end of its log."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a life ended. `instead` says that its crash point was not reached in time and it was killed from outside.

    `start_s` is how long its door took to open; None when it died before. `lived_s` counts from the start.
    """

    life: Life
    start_s: float | None
    lived_s: float
    instead: bool = False


@dataclass(frozen=True, slots=True)
class _Ripe:
    """A number of states that must have been sent before anything more befalls a life."""

    quota: Quota
    states: float

    async def wait(self, process: Running) -> None:
        """Wait for it, for the end of the process, or until patience ends."""
        for _ in range(int(_RIPE_S_MAX / _LOOK_EVERY_S)):
            if self.quota.taken >= self.states or await process.wait(_LOOK_EVERY_S) is not None:
                return


class Supervisor:
    """Runs the lives of one hub, one after the other. Logs go to `folder`.

    `begun` is called with the number of each life. `sin` is for `tests.chaos.hub_process`.
    """

    def __init__(
        self,
        installed: Installed,
        world: World,
        births: Births,
        folder: Path,
        begun: Callable[[int], None],
        sin: str = "",
    ) -> None:
        self.endings: list[Ending] = []
        self._installed = installed
        self._world = world
        self._births = births
        self._folder = folder
        self._begun = begun
        self._sin = ["--sin", sin] if sin else []
        self._troubles: list[asyncio.Task[None]] = []

    async def run(self, lives: Sequence[Life], quota: Quota, states: int) -> None:
        """Run the lives that end by a kill; each gives the sender its share of the states."""
        share = states / (len(lives) + 1)
        for number, life in enumerate(lives, 1):
            # One share ahead, so that the sender is seldom idle when the kill comes.
            quota.allow(round(share * (number + 1)))
            ripe = _Ripe(quota, share * (number - 1 + life.ripe))
            self._begun(number)
            self.endings.append(await self._live(number, life, ripe))
        quota.allow(states)
        await asyncio.gather(*self._troubles)

    @asynccontextmanager
    async def last_life(self) -> AsyncIterator[Running]:
        """Run a hub that nobody kills."""
        async with self._started(len(self.endings) + 1, None) as process:
            await listening(process, self._installed.address)
            yield process

    async def _live(self, number: int, life: Life, ripe: "_Ripe") -> Ending:
        async with self._started(number, life) as process:
            started_s = time.monotonic()
            if life.starting:
                await process.wait(life.outside_s)
                await self._killed(process, life)
                return Ending(life, None, time.monotonic() - started_s)
            start_s = await self._opened(process, life, started_s)
            instead = process.ended is None and not await self._died(process, life, ripe)
            await self._killed(process, life, may_refuse=start_s is None and _store_fails(life))
            return Ending(life, start_s, time.monotonic() - started_s, instead)

    def _started(self, number: int, life: Life | None) -> AbstractAsyncContextManager[Running]:
        order = [] if life is None or life.crash is None else ["--crash", str(life.crash)]
        if life is not None and life.slow is not None:
            order += ["--slow", str(life.slow)]
        if life is not None and life.trouble is not None and life.failing:
            order += ["--sql-fails", f"{life.failing}:{life.trouble.size}"]
        of_the_clock = life is not None and life.trouble is not None and life.trouble.sort is Sort.CLOCK
        births = self._births.shifted if of_the_clock else self._births.usual
        log = self._folder / f"hub-{number:02d}.log"
        arguments = ("tests.chaos.hub_process", "--config", str(self._installed.folder), *order, *self._sin)
        return births.running(log, *arguments)

    async def _opened(self, process: Running, life: Life, started_s: float) -> float | None:
        """Return how long the door took; None when the hub died first, as it may at a crash point."""
        try:
            await listening(process, self._installed.address)
        except NotStarted:
            killed = life.crash is not None and process.ended == -SIGKILL
            if not killed and not (_store_fails(life) and process.ended == 1):
                raise
            return None
        return time.monotonic() - started_s

    async def _died(self, process: Running, life: Life, ripe: "_Ripe") -> bool:
        """Wait for the end of a life. Return whether it ended as planned."""
        await ripe.wait(process)
        befalling = self._befall(life, process)
        try:
            if life.crash is None:
                return await process.wait(life.outside_s) is None
            trouble_s = life.trouble.for_s if life.trouble else 0.0
            if await process.wait(trouble_s + _PATIENCE_S) is not None:
                return True
            # Nothing passes that point at present: a short outage parks, settles and sends again.
            await self._world.road.suffer(RoadFault(Bad.REFUSED, _NUDGE_S))
            return await process.wait(_NUDGED_S_MAX) is not None
        finally:
            if life.trouble is not None and not World.outlives(life.trouble):
                befalling.cancel()
                await asyncio.wait({befalling})

    def _befall(self, life: Life, process: Running) -> "asyncio.Task[None]":
        async def befall() -> None:
            if life.trouble is not None:
                await self._world.befall(life.trouble, process)

        task = asyncio.create_task(befall())
        if life.trouble is not None and World.outlives(life.trouble):
            self._troubles.append(task)
        return task

    async def _killed(self, process: Running, life: Life, *, may_refuse: bool = False) -> None:
        code = await process.kill()
        if code != -SIGKILL and not (may_refuse and code == 1):
            raise WrongEnd(f"{life}: exit code {code}: {process.tail()}")


def _store_fails(life: Life) -> bool:
    """Whether the hub may have to refuse to start."""
    return life.trouble is not None and life.trouble.sort is Sort.STORE
