"""A client that is not Python: the npm package `soap` speaks to the door by its WSDL, in SOAP 1.1 and 1.2."""

import asyncio
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.errors import ReplyLost
from hub.ingress.examples import QUERY, SUBMISSION, TIMELINE
from schemas.timeline import Timeline
from tests.clock import ManualClock
from tests.fakes.rest import House
from tests.fakes.served import served

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "tests" / "soap_client"
INSTALL_S = 300
CALL_S = 60
PORTS = ("HubSoap11", "HubSoap12")
CALLERS = {"HubSoap11": "soap:Client", "HubSoap12": "soap:Sender"}
CODE = "H56.14-251124-0001"
DOSSIER = {
    **SUBMISSION,
    "code": CODE,
    "received_at": "2025-11-24T08:00:00+07:00",
    "due_at": "2025-11-25T08:00:00+07:00",
}

Told = dict[str, Any]


@pytest.fixture(scope="module")
def program() -> Path:
    """The client with its packages, as its lock file names them; installed once, kept in `.cache`."""
    for needed in ("node", "npm"):
        if shutil.which(needed) is None:
            pytest.fail(f"{needed} is missing: install Node.js 20 or later with npm (the SOAP door is tried with it)")
    home = ROOT / ".cache" / "soap_client"
    lock = (SOURCE / "package-lock.json").read_bytes()
    stamp = home / "installed.json"
    home.mkdir(parents=True, exist_ok=True)
    for file in SOURCE.iterdir():
        shutil.copy(file, home)
    if not stamp.exists() or stamp.read_bytes() != lock:
        _install(home)
        stamp.write_bytes(lock)
    return home / "call.cjs"


def _install(home: Path) -> None:
    npm = shutil.which("npm") or "npm"
    done = subprocess.run([npm, "ci"], cwd=home, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    if done.returncode:
        pytest.fail(f"npm ci in {home} failed; it needs a package registry once:\n{done.stderr[-2000:]}")


async def calls(program: Path, house: House, *orders: Told) -> list[Told]:
    """Make calls against a house that is served, and return what came of each."""
    async with served(house.app) as address:
        sent = json.dumps([{"wsdl": f"{address}/soap/v1?wsdl", **order} for order in orders])
        process = await asyncio.create_subprocess_exec(
            "node", program.name, cwd=program.parent,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(CALL_S):
            out, wrong = await process.communicate(sent.encode())
    assert 0 == process.returncode, wrong.decode()
    found: list[Told] = json.loads(out)
    return found


def problem(told: Told) -> Told:
    """Return the problem in a fault's detail."""
    fault = told["fault"]
    found: Told = (fault.get("detail") or fault["Detail"])["Problem"]
    return found


def code(told: Told) -> str:
    """Return the fault code."""
    fault = told["fault"]
    found: str = fault.get("faultcode") or fault["Code"]["Value"]
    return found


@pytest.mark.parametrize("port", PORTS)
async def test_good_calls(program: Path, port: str) -> None:
    """Submit, look up by a UsernameToken with a Timestamp, status, timeline."""
    house = House(clock=ManualClock(datetime.now(UTC)))
    house.read_models.timelines[CODE] = Timeline.model_validate_json(json.dumps({**TIMELINE, "dossier_code": CODE}))
    key = house.tokens["motcua"]
    bearer, token = {"port": port, "bearer": key}, {"port": port, "username": "H56.14/motcua", "password": key}
    message_id = TIMELINE["messages"][0]["message_id"]
    submit = {**bearer, "operation": "SubmitDossier", "args": {"idempotency_key": "k1", "dossier": DOSSIER}}

    first, again, looked_up, status, timeline = await calls(
        program,
        house,
        submit,
        submit,
        {**token, "operation": "LookUpCitizen", "args": {"query": {**QUERY, "dossier_code": CODE}}},
        {**token, "operation": "GetDossierStatus", "args": {"message_id": message_id}},
        {**bearer, "operation": "GetDossierTimeline", "args": {"dossier_code": CODE}},
    )

    assert (CODE, 1) == (first["result"]["receipt"]["dossier_code"], first["result"]["receipt"]["revision"])
    assert first == again
    assert ("one", "NGUYỄN VĂN A") == (
        looked_up["result"]["answer"]["match"],
        looked_up["result"]["answer"]["citizen"]["full_name"],
    )
    assert "delivered" == status["result"]["message"]["deliveries"][0]["state"]
    assert CODE == timeline["result"]["timeline"]["dossier_code"]


@pytest.mark.parametrize("port", PORTS)
async def test_bad_calls(program: Path, port: str) -> None:
    """Faults with their code, the stable code, the field and the rule."""
    house = House(clock=ManualClock(datetime.now(UTC)))
    key = house.tokens["motcua"]
    query = {**QUERY, "personal_number": "12", "officer": ""}
    ask = {"port": port, "operation": "LookUpCitizen", "args": {"query": query}}
    token = {"username": "H56.14/motcua", "password": key}

    fields, digest, wrong, nobody = await calls(
        program,
        house,
        {**ask, "bearer": key},
        {**ask, **token, "digest": True},
        {**ask, **token, "username": "H56.15/motcua"},
        ask,
    )

    assert {CALLERS[port]} == {code(told) for told in (fields, digest, wrong, nobody)}
    assert {500 if port == "HubSoap11" else 400} == {told["status"] for told in (fields, digest, wrong, nobody)}
    assert [("personal_number", "pattern"), ("officer", "too_short")] == [
        (field["path"], field["rule"]) for field in problem(fields)["fields"]
    ]
    assert ["caller.invalid", "caller.token_unsupported", "caller.unauthenticated", "caller.unauthenticated"] == [
        problem(told)["code"] for told in (fields, digest, wrong, nobody)
    ]


async def test_a_platform_that_fails_is_the_servers_fault(program: Path) -> None:
    """Server, origin platform, and worth another try."""
    house = House(clock=ManualClock(datetime.now(UTC)))
    house.citizens.fault = ReplyLost("x")
    order = {"operation": "LookUpCitizen", "args": {"query": QUERY}, "bearer": house.tokens["motcua"]}

    old, new = await calls(program, house, *({**order, "port": port} for port in PORTS))

    assert ("soap:Server", "soap:Receiver") == (code(old), code(new))
    assert ("platform", "true") == (problem(new)["origin"], problem(new)["retriable"])


def test_the_lock_names_no_registry() -> None:
    """Where packages come from is for whoever installs them to say; what they are is fixed by their digests."""
    lock = json.loads((SOURCE / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}

    assert len(packages) > 10
    assert [] == [name for name, package in packages.items() if "resolved" in package or "integrity" not in package]
