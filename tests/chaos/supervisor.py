"""Keeps a hub alive that keeps dying: starts it, lets it die as planned, starts it again."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL

from ops.sandbox.remote import Remote
from tests.chaos.plan import FIREWALL, Life
from tests.chaos.quota import Quota
from tests.e2e.installation import Installed
from tests.e2e.processes import NotStarted, Running, listening, running

_PATIENCE_S = 15.0
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
        for _ in range(int(_PATIENCE_S / _LOOK_EVERY_S)):
            if self.quota.taken >= self.states or await process.wait(_LOOK_EVERY_S) is not None:
                return


class Supervisor:
    """Runs the lives of one hub, one after the other. Logs go to `folder`."""

    def __init__(self, installed: Installed, portal: Remote, folder: Path) -> None:
        self.endings: list[Ending] = []
        self._installed = installed
        self._portal = portal
        self._folder = folder

    async def run(self, lives: Sequence[Life], quota: Quota, states: int) -> None:
        """Run the lives that end by a kill; each gives the sender its share of the states."""
        share = states / (len(lives) + 1)
        for number, life in enumerate(lives, 1):
            # One share ahead, so that the sender is seldom idle when the kill comes.
            quota.allow(round(share * (number + 1)))
            ripe = _Ripe(quota, share * (number - 1 + life.ripe))
            self.endings.append(await self._live(number, life, ripe))
        quota.allow(states)

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
            await self._killed(process, life)
            return Ending(life, start_s, time.monotonic() - started_s, instead)

    def _started(self, number: int, life: Life | None) -> AbstractAsyncContextManager[Running]:
        order = [] if life is None or life.crash is None else ["--crash", str(life.crash)]
        if life is not None and life.slow is not None:
            order += ["--slow", str(life.slow)]
        log = self._folder / f"hub-{number:02d}.log"
        return running(log, "tests.chaos.hub_process", "--config", str(self._installed.folder), *order)

    async def _opened(self, process: Running, life: Life, started_s: float) -> float | None:
        """Return how long the door took; None when the hub died first, as it may at a crash point."""
        try:
            await listening(process, self._installed.address)
        except NotStarted:
            if life.crash is None or process.ended != -SIGKILL:
                raise
            return None
        return time.monotonic() - started_s

    async def _died(self, process: Running, life: Life, ripe: "_Ripe") -> bool:
        """Wait for the end of a life. Return whether it ended as planned."""
        await ripe.wait(process)
        if life.outage_s:
            await self._portal.fault("down", duration_s=life.outage_s)
        for fault in FIREWALL if life.firewall else ():
            await self._portal.fault(fault.kind, **fault.bounds)
        if life.crash is None:
            return await process.wait(life.outside_s) is None
        if await process.wait(_PATIENCE_S) is not None:
            return True
        # Nothing passes that point at present: a short outage parks, settles and sends again.
        await self._portal.fault("down", duration_s=_NUDGE_S)
        return await process.wait(_PATIENCE_S) is not None

    async def _killed(self, process: Running, life: Life) -> None:
        code = await process.kill()
        if code != -SIGKILL:
            raise WrongEnd(f"{life}: exit code {code}: {process.tail()}")
