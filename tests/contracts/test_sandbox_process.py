"""The sandboxes as a process of their own."""

import asyncio
import importlib.resources
import json
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.sandbox.ports import FREE_PORTS, PORTS
from ops.sandbox.remote import Remote

LOGIN = {"username": "hub-sandbox", "password": "sandbox-password"}
HEADERS = {"Accept": "application/json", "Charset": "utf-8", "dstcode": "VN/GOV/000.00.00.G22/SANDBOX"}


@asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start the sandboxes and end them in any case."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.sandbox",
        *FREE_PORTS,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _ready(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    document: dict[str, Any] = json.loads(line)
    return document


async def _login(address: str) -> dict[str, Any]:
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares the loading of trusted roots
    async with httpx.AsyncClient(verify=nobody, headers=HEADERS) as http:
        answer: dict[str, Any] = (await http.post(f"{address}/mapi/login", json=LOGIN)).json()
        return answer


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_where_it_listens_and_ends_when_told(tmp_path: Path, ending: signal.Signals) -> None:
    """One line of JSON names the addresses; both signals end the process with success."""
    async with started("--folder", str(tmp_path)) as process:
        ready = await _ready(process)

        assert "SANDBOX" == ready["sandbox"]
        assert "session" in await _login(ready["portal"]["data"])
        for name, platform in (("portal", "national_portal"), ("population", "population"), ("emc", "emc")):
            async with Remote(ready[name]["control"]) as remote:
                assert platform == (await remote.state())["platform"]

        process.send_signal(ending)
        assert 0 == await asyncio.wait_for(process.wait(), 10)


async def test_effects_survive_a_kill(tmp_path: Path) -> None:
    """What was answered is in the ledger after kill -9, and settings from a file hold."""
    settings = tmp_path / "settings.json"
    settings.write_text('{"portal": {"madonvi": "H38", "error_code_form": "int"}}')
    arguments = ("--folder", str(tmp_path), "--settings", str(settings))
    lookup = {"madonvi": "H38", "service": "TraCuuHoSo", "mahoso": "H38-261122-0001"}
    async with started(*arguments) as process:
        data = (await _ready(process))["portal"]["data"]
        session = (await _login(data))["session"]
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares the loading of trusted roots
        async with httpx.AsyncClient(verify=nobody, headers=HEADERS) as http:
            answer = (await http.post(f"{data}/mapi/g", json={"session": session, **lookup})).json()
        process.kill()
        await process.wait()
    async with started(*arguments) as process, Remote((await _ready(process))["portal"]["control"]) as remote:
        rows = [(row["seq"], row["key"]) async for row in remote.rows()]

    assert 0 == answer["error_code"]
    assert [(1, "H38-261122-0001")] == rows


async def test_a_taken_folder_is_refused(tmp_path: Path) -> None:
    """A second process on the same ledgers ends with 2 and says why."""
    async with started("--folder", str(tmp_path)) as first:
        await _ready(first)
        async with started("--folder", str(tmp_path)) as second:
            _, errors = await asyncio.wait_for(second.communicate(), 30)

    assert 2 == second.returncode
    assert b"SANDBOX cannot start" in errors


async def test_wrong_settings_are_refused(tmp_path: Path) -> None:
    """A setting that does not exist ends the start with 2."""
    settings = tmp_path / "settings.json"
    settings.write_text('{"portal": {"colour": "red"}}')
    async with started("--folder", str(tmp_path), "--settings", str(settings)) as process:
        _, errors = await asyncio.wait_for(process.communicate(), 30)

    assert 2 == process.returncode
    assert b"colour" in errors


async def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    """A port that somebody else has ends the start with 2, and the text names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with started("--folder", str(tmp_path), "--portal-port", port) as process:
            _, errors = await asyncio.wait_for(process.communicate(), 30)

    assert 2 == process.returncode
    assert port in errors.decode()


def test_ports_are_those_of_a_sandbox_installation() -> None:
    """What `hub sandbox` opens without being told is what `hub init --sandbox` points the hub to."""
    platforms = importlib.resources.files("ops") / "sandbox" / "installation" / "platforms"
    portal = (platforms / "national_portal.yaml").read_text(encoding="utf-8")
    population = (platforms / "population.yaml").read_text(encoding="utf-8")
    emc = (platforms / "emc.yaml").read_text(encoding="utf-8")

    controls = {"portal-control": 18092, "population-control": 18094, "emc-control": 18096}
    assert {"portal": 18091, "population": 18093, "emc": 18095, **controls} == PORTS
    assert "adapter_url: http://127.0.0.1:18091\n" in portal
    assert "url: http://127.0.0.1:18093/037\n" in population
    assert "url: http://127.0.0.1:18095/TrackingMCDT\n" in emc
