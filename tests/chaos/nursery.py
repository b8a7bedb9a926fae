"""Processes that are forked from one which has imported the hub already; see `tests.chaos.nursery_process`."""

import asyncio
import json
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.e2e.processes import STOP_S_MAX, Running, environment_of_children

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Nursery:
    """Made by `nursery`; for the tasks of one event loop."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._births: deque[asyncio.Future[Forked]] = deque()
        self._alive: dict[int, Forked] = {}

    @asynccontextmanager
    async def running(self, log: Path, module: str, *arguments: str) -> AsyncIterator[Running]:
        """As `tests.e2e.processes.running`, for the modules that `nursery_process` knows."""
        log.touch()  # noqa: ASYNC240 - an empty file, in a test
        born = await self._bear(log, module, arguments)
        try:
            yield born
        finally:
            await born.kill()

    async def _bear(self, log: Path, module: str, arguments: tuple[str, ...]) -> "Forked":
        birth: asyncio.Future[Forked] = asyncio.get_running_loop().create_future()
        self._births.append(birth)
        orders = self._process.stdin
        assert orders is not None
        orders.write(json.dumps({"module": module, "arguments": arguments, "log": str(log)}).encode() + b"\n")
        born = await birth
        born.log = log
        return born

    async def listen(self) -> None:
        """Hear of births and deaths, until the process ends."""
        words = self._process.stdout
        assert words is not None
        async for line in words:
            told = json.loads(line)
            if "born" in told:
                born = self._alive[told["born"]] = Forked(told["born"])
                self._births.popleft().set_result(born)
            elif "pid" in told:
                self._alive.pop(told["pid"]).end(told["code"])


class Forked(Running):
    """One child; everything that `Running` promises."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._code: int | None = None
        self._over = asyncio.Event()
        self.log = Path()

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._pid

    @property
    def ended(self) -> int | None:
        """As `Running.ended`."""
        return self._code

    def end(self, code: int) -> None:
        """Note the end."""
        self._code = code
        self._over.set()

    async def wait(self, within_s: float) -> int | None:
        """As `Running.wait`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._over.wait()
        return self._code

    async def kill(self) -> int:
        """As `Running.kill`."""
        return await self._signal(signal.SIGKILL)

    async def stop(self) -> int:
        """As `Running.stop`."""
        if self._code is None:
            os.kill(self._pid, signal.SIGTERM)
            await self.wait(STOP_S_MAX)
        return await self.kill()

    async def _signal(self, number: signal.Signals) -> int:
        if self._code is None:
            with suppress(ProcessLookupError):  # it has ended, and the word of it is on its way
                os.kill(self._pid, number)
        await self._over.wait()
        return self._code if self._code is not None else -number


@asynccontextmanager
async def nursery(environment: Mapping[str, str] = _NOTHING) -> AsyncIterator[Nursery]:
    """Run one; its children end with it, and have `environment` beside what children get."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.nursery_process",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**environment_of_children(), **environment},
    )
    made = Nursery(process)
    listening = asyncio.create_task(made.listen())
    try:
        yield made
    finally:
        process.kill()
        await process.wait()
        await listening


@dataclass(frozen=True, slots=True)
class Births:
    """Two nurseries: the children of one live by a wall clock that can jump."""

    usual: Nursery
    shifted: Nursery


@asynccontextmanager
async def both_nurseries(environment: Mapping[str, str]) -> AsyncIterator[Births]:
    """Run them; `environment` makes the clock jump."""
    async with nursery() as usual, nursery(environment) as shifted:
        yield Births(usual, shifted)
