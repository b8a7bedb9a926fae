"""The sandbox EMC takes what the interface lists, refuses all else, and adds whatever it takes."""

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.sandbox.emc.sandbox import EmcSandbox
from ops.sandbox.remote import Refused, Remote
from ops.sandbox.sandbox import Placement, running

USER: Mapping[str, str] = {"ID_local": "001000000001", "ID_QG": "001000000001", "TYPE": "2", "LOCATION": "38"}
EVENT: Mapping[str, object] = {
    "CodeProfile": "SANDBOX-H56",
    "SiteId": 5638,
    "CodeTTHC": "1.001193",
    "NameTTHC": "Đăng ký khai sinh",
    "MaHoSo": "H56.14-261122-0001",
    "Status": "1",
    "FormsReception": "1",
    "FormsPayments": "0",
    "Level": "4",
    "IsFromDVCQG": "0",
    "IsDVCBC": "0",
    "User": json.dumps(USER),
}


@dataclass
class Client:
    """A sender towards the sandbox."""

    http: httpx.AsyncClient
    remote: Remote

    async def tell(self, **changes: object) -> httpx.Response:
        """Send an event, with changes."""
        return await self.http.post("/TrackingMCDT", json={**EVENT, **changes})

    async def told_by(self, **changes: str) -> httpx.Response:
        """Send an event of an owner, with changes."""
        return await self.tell(User=json.dumps({**USER, **changes}))

    async def events(self) -> list[dict[str, Any]]:
        """Return the rows of the ledger."""
        return [row async for row in self.remote.rows()]


@asynccontextmanager
async def talking(folder: Path) -> AsyncIterator[Client]:
    """Run the sandbox with a sender in front of it."""
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares the loading of trusted roots
    async with (
        running(EmcSandbox(Placement(folder))) as addresses,
        httpx.AsyncClient(base_url=addresses.data, verify=nobody, trust_env=False) as http,
        Remote(addresses.control) as remote,
    ):
        yield Client(http, remote)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A fresh sandbox."""
    async with talking(tmp_path) as one:
        yield one


async def test_an_event_is_taken_and_labelled(client: Client) -> None:
    """The answer and its header say SANDBOX; the ledger has the event as it came."""
    answer = await client.tell()

    assert (200, "SANDBOX") == (answer.status_code, answer.headers["x-sandbox"])
    assert "SANDBOX" in answer.json()["message"]
    assert [("event", "TrackingMCDT", "H56.14-261122-0001", EVENT)] == [
        (row["kind"], row["service"], row["key"], row["data"]) for row in await client.events()
    ]


async def test_nothing_is_recognised_as_a_repeat(client: Client) -> None:
    """Three times the same event are three events."""
    for _ in range(3):
        await client.tell()

    assert [1, 2, 3] == [row["seq"] for row in await client.events()]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("Status", ("0", "1", "2", "3", "4")),
        ("FormsReception", ("1", "2")),
        ("FormsPayments", ("0", "1", "2")),
        ("Level", ("0", "1", "3", "4")),
        ("IsFromDVCQG", ("0", "1")),
        ("IsDVCBC", ("0", "1", "2")),
    ],
)
async def test_the_listed_codes_are_taken_and_no_others(client: Client, field: str, values: tuple[str, ...]) -> None:
    """What lies outside the list is refused with 400 and the field's name; so are other types."""
    for value in ("0", "1", "2", "3", "4", "5", "-1", "", "01", " 1", 1, None, True, ["1"]):
        answer = await client.tell(**{field: value})
        assert (200 if value in values and isinstance(value, str) else 400) == answer.status_code, value
        assert answer.status_code == 200 or field in answer.json()["message"]


@pytest.mark.parametrize("field", EVENT)
async def test_a_field_that_is_missing_is_named(client: Client, field: str) -> None:
    """All twelve are asked for."""
    answer = await client.http.post("/TrackingMCDT", json={name: EVENT[name] for name in EVENT if name != field})

    assert (400, f"[SANDBOX] Trường {field}: bắt buộc") == (answer.status_code, answer.json()["message"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"Extra": "1"},
        {"maHoSo": "H56.14-261122-0001"},
        {"SiteId": "5638"},
        {"SiteId": None},
        {"SiteId": True},
        {"SiteId": -1},
        {"CodeProfile": " "},
        {"CodeTTHC": "khai-sinh"},
        {"NameTTHC": ""},
        {"NameTTHC": "x" * 1001},
        {"MaHoSo": "H56.14-0001"},
        {"MaHoSo": ["H56.14-261122-0001"]},
        {"User": dict(USER)},
        {"User": "001000000001"},
        {"User": "[]"},
        {"User": json.dumps({**USER, "NAME": "x"})},
        {"User": json.dumps({"ID_local": "1", "ID_QG": "1", "TYPE": "2"})},
        {"User": json.dumps({**USER, "TYPE": 2})},
    ],
    ids=str,
)
async def test_what_is_not_in_the_list_is_refused(client: Client, wrong: dict[str, object]) -> None:
    """Unknown fields, other types and other forms are refused, and leave nothing in the ledger."""
    assert 400 == (await client.tell(**wrong)).status_code
    assert [] == await client.events()


@pytest.mark.parametrize(
    ("person", "status"),
    [
        ({"ID_local": "2800123456", "ID_QG": "2800123456", "TYPE": "1"}, 200),
        ({"ID_local": "2800123456", "ID_QG": "2800123456", "TYPE": "2"}, 400),
        ({"TYPE": "1"}, 400),
        ({"ID_local": "012345678", "ID_QG": "012345678"}, 200),
        ({"ID_local": "a" * 32, "ID_QG": "a" * 32}, 200),
        ({"ID_local": "a" * 32, "ID_QG": "a" * 32, "TYPE": "1"}, 200),
        ({"ID_local": "", "ID_QG": ""}, 200),
        ({"ID_local": "a" * 65}, 400),
        ({"TYPE": "3"}, 400),
        ({"LOCATION": ""}, 400),
    ],
    ids=str,
)
async def test_the_owner_is_checked(client: Client, person: dict[str, str], status: int) -> None:
    """Ten digits are an enterprise's, nine and twelve a person's; a pseudonym may be either's."""
    assert status == (await client.told_by(**person)).status_code


@pytest.mark.parametrize("wrong", [{"SiteId": 1}, {"CodeProfile": "H57"}], ids=str)
async def test_a_site_that_is_not_registered_is_refused(client: Client, wrong: dict[str, object]) -> None:
    """With 403, whether the number or the code is wrong."""
    assert 403 == (await client.tell(**wrong)).status_code
    assert {"site": 1} == (await client.remote.summary())["refusals"]


async def test_the_road_is_checked(client: Client) -> None:
    """Path, method, media type, JSON and size have refusals of their own."""
    body = json.dumps(EVENT)
    typed = {"content-type": "application/json"}
    answers = [
        await client.http.post("/trackingmcdt", content=body, headers=typed),
        await client.http.get("/TrackingMCDT"),
        await client.http.post("/TrackingMCDT", content=body, headers={"content-type": "text/plain"}),
        await client.http.post("/TrackingMCDT", content=b"{", headers=typed),
        await client.http.post("/TrackingMCDT", content=b"[]", headers=typed),
        await client.http.post("/TrackingMCDT", content=b" " * 64_001, headers=typed),
    ]

    assert [404, 405, 415, 400, 400, 413] == [answer.status_code for answer in answers]


async def test_it_misbehaves_on_command(client: Client) -> None:
    """A fault strikes the dossier that it names, and no other."""
    await client.remote.fault("status", status=503, key="H56.14-261122-0002")

    assert 200 == (await client.tell()).status_code
    assert 503 == (await client.tell(MaHoSo="H56.14-261122-0002")).status_code
    assert 1 == len(await client.events())


async def test_the_registration_can_change(client: Client) -> None:
    """By order of the control port; what makes no sense is refused there."""
    await client.remote.rotate(site_id="77")

    assert (403, 200) == ((await client.tell()).status_code, (await client.tell(SiteId=77)).status_code)
    for order in ({"site_id": "x"}, {"password": "x"}, {}):
        with pytest.raises(Refused, match="EMC rotates"):
            await client.remote.rotate(**order)
    with pytest.raises(Refused, match="no sessions"):
        await client.remote.expire_sessions()


async def test_events_survive_a_restart(tmp_path: Path) -> None:
    """The count goes on where it ended."""
    async with talking(tmp_path) as client:
        await client.tell()
    async with talking(tmp_path) as client:
        await client.tell()
        assert (2, "emc") == ((state := await client.remote.state())["events"], state["platform"])
