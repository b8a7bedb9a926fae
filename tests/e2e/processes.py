"""The sandboxes and the hub as processes of their own; they end with the block that started them."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.sandbox.ports import FREE_PORTS
from tests.e2e.installation import Platforms

START_S_MAX = 60.0
STOP_S_MAX = 30.0
_LOOK_EVERY_S = 0.02


class NotStarted(Exception):
    """A process did not come up; the text holds the end of what it wrote."""


@dataclass(frozen=True, slots=True)
class Sandboxes:
    """Running sandboxes: where the hub reaches them, and the control ports."""

    platforms: Platforms
    portal_control: str
    population_control: str
    emc: str
    emc_control: str


class Running:
    """One process of ours; `log` is the file with everything that it writes."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """The exit code, minus the signal's number when one ended it; None while it runs."""
        return self._process.returncode

    async def wait(self, within_s: float) -> int | None:
        """Return the exit code; None when it still runs after `within_s`."""
        try:
            async with asyncio.timeout(within_s):
                return await self._process.wait()
        except TimeoutError:
            return None

    async def kill(self) -> int:
        """End it as kill -9 does, if it still runs."""
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
        return await self._process.wait()

    async def stop(self) -> int:
        """Ask it to end, make it when it does not, and return the exit code."""
        if self._process.returncode is None:
            self._process.terminate()
            await self.wait(STOP_S_MAX)
        return await self.kill()

    def tail(self, chars_max: int = 2000) -> str:
        """Return the end of what it wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-chars_max:]


@contextmanager
def reserved_port() -> Iterator[int]:
    """Keep a free port from everybody but those who name it: a socket that is bound and does not listen."""
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield int(keeper.getsockname()[1])


@asynccontextmanager
async def running(log: Path, *arguments: str) -> AsyncIterator[Running]:
    """Run `python -m <arguments>` with its output in a file; it is killed when the block ends."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdout=output,
            stderr=output,
            env=environment_of_children(),
        )
    started = Running(process, log)
    try:
        yield started
    finally:
        await started.kill()


@asynccontextmanager
async def sandboxes(folder: Path, seed: int = 0) -> AsyncIterator[Sandboxes]:
    """Run the sandbox platforms on free ports, with their ledgers in `folder`."""
    log = folder.with_suffix(".log")
    async with running(log, "ops.sandbox", "--folder", str(folder), "--seed", str(seed), *FREE_PORTS) as process:
        told = json.loads(await _first_line(process))
        platforms = Platforms(told["portal"]["data"], told["population"]["data"])
        emc = told["emc"]
        controls = (told["portal"]["control"], told["population"]["control"])
        yield Sandboxes(platforms, *controls, emc["data"], emc["control"])


@asynccontextmanager
async def hub(folder: Path, log: Path, role: str = "run", *options: str) -> AsyncIterator[Running]:
    """Run the hub of an installation. It may not listen yet; `listening` waits for that."""
    async with running(log, "hub", role, "--config", str(folder), *options) as process:
        yield process


async def listening(process: Running, address: str, within_s: float = START_S_MAX) -> None:
    """Return when the door of a process takes connections. NotStarted when it ended, or took too long."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    for _ in range(int(within_s / _LOOK_EVERY_S)):
        if process.ended is not None:
            break
        if await _answers(host, int(port)):
            return
        await asyncio.sleep(_LOOK_EVERY_S)
    raise NotStarted(f"exit code {process.ended}: {process.tail()}")


async def _answers(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


async def _first_line(process: Running) -> str:
    for _ in range(int(START_S_MAX / _LOOK_EVERY_S)):
        line, end, _ = process.log.read_text(encoding="utf-8").partition("\n")
        if end:
            return line
        if process.ended is not None:
            break
        await asyncio.sleep(_LOOK_EVERY_S)
    raise NotStarted(f"exit code {process.ended}: {process.tail()}")


def environment_of_children() -> Mapping[str, str]:
    """Return the environment of children: nothing that configures a hub, and compiled modules kept beside the venv.

    Without those a hub spends most of its start compiling its libraries, where nothing may be written beside them.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode")}
