"""The sandbox portal's book on command: dossiers are lost, set back, altered and invented, and it shows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ops.sandbox.portal.sandbox import PortalSandbox
from ops.sandbox.portal.settings import PortalSettings
from ops.sandbox.remote import Refused, Remote
from ops.sandbox.sandbox import Placement, running
from tests.contracts.test_sandbox_portal import CODE, DOSSIER, HEADERS, Client

OTHER = "000.00.00.H56-250901-0009"
LISTS = PortalSettings(result_form="list")


@asynccontextmanager
async def played(folder: Path) -> AsyncIterator[Client]:
    """Run a portal with a client that is logged in."""
    async with (
        running(PortalSandbox(Placement(folder), LISTS)) as addresses,
        Remote(addresses.control) as remote,
        httpx.AsyncClient(base_url=addresses.data, headers=HEADERS, trust_env=False) as http,
    ):
        client = Client(http, remote)
        await client.login()
        yield client


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    """A client of a portal that holds two states of one dossier."""
    async with played(tmp_path) as client:
        await client.push(DOSSIER)
        await client.push({**DOSSIER, "TrangThaiHoSo": "4"}, updating="True")
        yield client


async def shown(client: Client, code: str = CODE) -> list[dict[str, Any]]:
    """What the portal shows of a dossier."""
    found: list[dict[str, Any]] = (await client.call("TraCuuHoSo", mahoso=code))["result"]
    return found


async def test_a_lost_dossier_is_unknown_and_may_be_created_again(client: Client) -> None:
    """To every service."""
    await client.remote.tamper("lose", CODE)

    assert [] == await shown(client)
    assert "không tồn tại" in (await client.push(DOSSIER, updating="True"))["message"]
    assert "thành công" in (await client.push(DOSSIER))["message"]
    assert [DOSSIER] == await shown(client)


async def test_a_dossier_is_set_back_to_the_state_before(client: Client) -> None:
    """Word for word."""
    await client.remote.tamper("set_back", CODE)

    assert [DOSSIER] == await shown(client)


async def test_a_dossier_is_altered_in_the_fields_that_are_named(client: Client) -> None:
    """And in no others."""
    await client.remote.tamper("alter", CODE, TrangThaiHoSo="8")

    assert [{**DOSSIER, "TrangThaiHoSo": "8"}] == await shown(client)


async def test_a_dossier_is_invented(client: Client) -> None:
    """One that nobody sent."""
    await client.remote.tamper("invent", OTHER, TrangThaiHoSo="9")

    assert [{"MaHoSo": OTHER, "TrangThaiHoSo": "9"}] == await shown(client, OTHER)


@pytest.mark.parametrize(
    ("order", "key"), [("lose", OTHER), ("set_back", OTHER), ("alter", OTHER), ("invent", CODE), ("burn", CODE)]
)
async def test_what_cannot_be_done_is_refused(client: Client, order: str, key: str) -> None:
    """Nothing is lost that is not there, and nothing is invented over what is."""
    with pytest.raises(Refused):
        await client.remote.tamper(order, key)

    assert ["dossier_created", "dossier_updated"] == await client.kinds()


async def test_a_first_state_cannot_be_set_back(client: Client) -> None:
    """There is none before it."""
    await client.push({**DOSSIER, "MaHoSo": OTHER})

    with pytest.raises(Refused):
        await client.remote.tamper("set_back", OTHER)


async def test_accidents_survive_a_restart(tmp_path: Path) -> None:
    """They lie in the ledger like everything else."""
    async with played(tmp_path) as client:
        await client.push(DOSSIER, {**DOSSIER, "MaHoSo": OTHER})
        await client.remote.tamper("lose", CODE)
        await client.remote.tamper("alter", OTHER, TrangThaiHoSo="3")

    async with played(tmp_path) as client:
        assert [] == await shown(client)
        assert "3" == (await shown(client, OTHER))[0]["TrangThaiHoSo"]
