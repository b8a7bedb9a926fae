"""What stands around one hub, and goes wrong on command: the road to the portal, the portal, the disk, the clock."""

import asyncio
import os
import signal
from dataclasses import dataclass

from ops.sandbox.remote import Remote
from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.trouble import Sort, Trouble
from tests.chaos.wall_clock import WallClock
from tests.chaos.weather import faults
from tests.e2e.processes import Running
from tests.e2e.scarce_disk import ScarceDisk

_OF_THE_PROCESS = frozenset({Sort.FROZEN, Sort.FULL_DISK, Sort.CLOCK})


@dataclass(frozen=True, slots=True)
class World:
    """Everything around a hub."""

    portal: Remote
    road: FaultProxy
    disk: ScarceDisk
    clock: WallClock

    async def befall(self, trouble: Trouble, process: Running) -> None:
        """Let it happen, and return when it is over. What concerns the process alone ends when this is cancelled."""
        if trouble.fault is not None:
            await self.road.suffer(trouble.fault)
        for fault in faults(trouble):
            await self.portal.fault(fault.kind, **fault.bounds)
        match trouble.sort:
            case Sort.EXPIRED:
                await self.portal.expire_sessions()
            case Sort.FROZEN:
                await self._freeze(trouble, process)
            case Sort.FULL_DISK:
                await self._fill(trouble, process)
            case Sort.CLOCK:
                await self._jump(trouble)
            case _:
                pass

    @staticmethod
    def outlives(trouble: Trouble) -> bool:
        """Whether a trouble goes on when the process is dead."""
        return trouble.sort not in _OF_THE_PROCESS

    async def _freeze(self, trouble: Trouble, process: Running) -> None:
        if process.ended is not None:
            return
        os.kill(process.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(trouble.for_s)
        finally:
            if process.ended is None:
                os.kill(process.pid, signal.SIGCONT)

    async def _fill(self, trouble: Trouble, process: Running) -> None:
        if process.ended is not None:
            return
        self.disk.exhaust(process.pid)
        try:
            await asyncio.sleep(trouble.for_s)
        finally:
            self.relieve(process)

    def relieve(self, process: Running) -> None:
        """Give the disk its room back; the limits of a process end with it."""
        try:
            self.disk.relieve(process.pid)
        except ProcessLookupError:
            return

    async def _jump(self, trouble: Trouble) -> None:
        self.clock.set(trouble.size)
        try:
            await asyncio.sleep(trouble.for_s)
        finally:
            self.clock.set(0)
