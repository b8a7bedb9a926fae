"""The stage of the demonstration: an installation in a folder, the sandbox platforms and the hub as processes of it."""

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from ops.sandbox.ports import FREE_PORTS, PORTS
from ops.sandbox.remote import Remote

READY_S_MAX = 60.0
STOP_S_MAX = 20.0
_SHARED = ("HUB_LOG", "HUB_STORE", "HUB_KEYS")
_TOKEN = re.compile(r"\bhk_\S+")


class StageFault(Exception):
    """The stage cannot be set; the text says why and where to look."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where everything is."""

    hub: str
    portal: str
    portal_control: str
    population: str
    population_control: str


class Stage:
    """Sets everything up, and takes it down in the opposite order. Logs of the processes stay in the folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.tokens: dict[str, str] = {}
        self.addresses: Addresses
        self.portal: Remote
        self.population: Remote
        self._stack = AsyncExitStack()
        self._hub: asyncio.subprocess.Process | None = None

    @property
    def lasting(self) -> bool:
        """Whether the environment names a log or a store that outlasts the demonstration."""
        return any(os.environ.get(name) for name in _SHARED)

    @property
    def installation(self) -> Path:
        """The installation folder."""
        return self.folder / "installation"

    async def __aenter__(self) -> Self:
        try:
            await self._set()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _set(self) -> None:
        listen = f"127.0.0.1:{free_port(8080)}"
        made = await command("init", str(self.installation), "--sandbox", "--listen", listen)
        self.tokens["mot-cua"] = _TOKEN.findall(made)[0]
        keyed = await command(
            "key", "new", "--config", str(self.installation), "--agency", "H56.15", "--system", "ho-tich"
        )
        self.tokens["ho-tich"] = _TOKEN.findall(keyed)[0]
        sandbox = await self._start_sandbox()
        self._point_to(sandbox)
        self._ask_little_of_kafka()
        await command("topics", "--create", "--config", str(self.installation))
        self.addresses = Addresses(
            hub=f"http://{listen}",
            portal=sandbox["portal"]["data"],
            portal_control=sandbox["portal"]["control"],
            population=sandbox["population"]["data"],
            population_control=sandbox["population"]["control"],
        )
        self.portal = await self._stack.enter_async_context(Remote(self.addresses.portal_control))
        self.population = await self._stack.enter_async_context(Remote(self.addresses.population_control))
        await self.start_hub()

    async def _start_sandbox(self) -> Mapping[str, Any]:
        log = self._stack.enter_context((self.folder / "sandbox.log").open("wb"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ops.sandbox", "--folder", str(self.folder / "sandbox"), "--seed", "2026"),
            *FREE_PORTS,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
        self._stack.push_async_callback(end, process)
        if process.stdout is None:
            raise StageFault("the sandbox has no output")
        async with asyncio.timeout(READY_S_MAX):
            line = await process.stdout.readline()
        if not line:
            raise StageFault(f"the sandbox platforms did not start; see {self.folder / 'sandbox.log'}")
        addresses: Mapping[str, Any] = json.loads(line)
        return addresses

    def _point_to(self, sandbox: Mapping[str, Any]) -> None:
        """Put the ports that the sandbox got into the installation."""
        for file in (self.installation / "platforms").glob("*.yaml"):
            text = file.read_text(encoding="utf-8")
            for name in ("portal", "population"):
                text = text.replace(f"http://127.0.0.1:{PORTS[name]}", sandbox[name]["data"])
            file.write_text(text, encoding="utf-8")

    def _ask_little_of_kafka(self) -> None:
        """One broker is enough for a demonstration."""
        file = self.installation / "hub.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("profile: production", "profile: demo"), encoding="utf-8")

    def switch(self, platform: str, *, on: bool) -> None:
        """Switch a platform of the installation on or off; the hub reads it at its next start."""
        file = self.installation / "platforms" / f"{platform}.yaml"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"(?m)^enabled: .*$", f"enabled: {str(on).lower()}", text), encoding="utf-8")

    async def start_hub(self) -> None:
        """Start the hub and wait until it is ready."""
        log = self._stack.enter_context((self.folder / "hub.log").open("ab"))
        self._hub = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", "run", "--config", str(self.installation)), stdout=log, stderr=log
        )
        self._stack.push_async_callback(end, self._hub)
        await self._wait_ready(self._hub)

    async def stop_hub(self) -> None:
        """Let the hub end in good order."""
        if self._hub is not None:
            await end(self._hub)

    def hub_resident_mb(self) -> float:
        """Return the resident memory of the hub's process (Linux)."""
        if self._hub is None:
            return 0.0
        status = Path(f"/proc/{self._hub.pid}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) / 1024

    async def _wait_ready(self, process: asyncio.subprocess.Process) -> None:
        async with httpx.AsyncClient(base_url=self.addresses.hub, trust_env=False) as client:
            for _ in range(int(READY_S_MAX / 0.1)):
                if process.returncode is not None:
                    break
                try:
                    if (await client.get("/readyz")).status_code == httpx.codes.OK:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise StageFault(f"the hub did not become ready; see {self.folder / 'hub.log'}")


async def command(*arguments: str) -> str:
    """Run one command of `hub` and return what it printed. StageFault with its error text when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", *arguments), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    if process.returncode:
        raise StageFault(f"hub {arguments[0]}: {error.decode().strip()}")
    return out.decode()


async def end(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end; make it, when it does not."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S_MAX):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def free_port(*wanted: int) -> int:
    """Return the first wanted port that is free, else one that the system chooses."""
    for port in (*wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StageFault("no free port")
