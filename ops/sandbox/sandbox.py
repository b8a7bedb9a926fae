"""A platform behind its two doors, with its ledger and its faults."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.sandbox.clock import Clock, SystemClock
from ops.sandbox.control import Control
from ops.sandbox.door import Door
from ops.sandbox.fault import FaultPlan
from ops.sandbox.front import Front
from ops.sandbox.ledger import Ledger
from ops.sandbox.outage import Outage
from ops.sandbox.platform import Platform


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a sandbox lives: the folder of its ledger, its two ports (0 chooses), and the seed of its chances."""

    folder: Path
    port: int = 0
    control_port: int = 0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running sandbox is reached."""

    data: str
    control: str


class Sandbox:
    """One platform, ready to be run. The ledger's file is locked from here on; a restart goes on where it ended."""

    def __init__(self, platform: Platform, ledger: Ledger, placement: Placement, clock: Clock | None = None) -> None:
        monotonic = (clock or SystemClock()).monotonic
        faults = FaultPlan(platform.twists, placement.seed, monotonic)
        ledger.load(platform.restore)
        front = Front(platform, faults)
        self.ledger = ledger
        self._data = Door(front, placement.port)
        self._outage = Outage(self._data)
        control = Control(platform, ledger, faults, front, self._data, self._outage)
        self._control = Door(control, placement.control_port)

    async def start(self) -> Addresses:
        """Open both doors. OSError when a port is taken."""
        await self._data.open()
        await self._control.open()
        return Addresses(self._data.address, self._control.address)

    async def stop(self) -> None:
        """Close both doors and the ledger."""
        await self._outage.aclose()
        await self._data.aclose()
        await self._control.aclose()
        self.ledger.close()


@asynccontextmanager
async def running(sandbox: Sandbox) -> AsyncIterator[Addresses]:
    """Run a sandbox inside this event loop."""
    try:
        yield await sandbox.start()
    finally:
        await sandbox.stop()
