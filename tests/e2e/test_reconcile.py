"""Reconciliation in both homes: the portal loses, sets back and invents; a run finds just that, and mends it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.homes import Home, home, postgres
from tests.e2e.operators import Operators, operators
from tests.e2e.processes import running
from tests.e2e.site import Site, code_of, opened, submission

__all__ = ["home", "postgres"]

DOSSIERS = 200
TWICE = range(1, 41)
"""Dossiers with two states; the others have one."""
LOST = (5, 17, 41, 60, 99, 150, 200)
SET_BACK = (3, 12, 40)
INVENTED = (7, 120)
"""Dossiers for which the portal invents a state that the hub never sent."""
RATE_PER_S = 50.0
SENDERS = 32
COMMAND_S_MAX = 120.0
MENDED_S_MAX = 60.0
_SETTLED_AT_ONCE = 50


pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def site(tmp_path: Path, home: Home) -> AsyncIterator[Site]:
    """Everything but the hub is up; nothing is too young to be compared."""
    async with opened(tmp_path, {"settled_s": "0"}, home) as one:
        yield one


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Operators]:
    """The operators; the hub runs."""
    async with operators(site) as two:
        await site.start()
        yield two


async def _deliver(site: Site) -> None:
    """Send all states and wait until they are delivered."""
    gate = asyncio.Semaphore(SENDERS)

    async def send(number: int) -> None:
        async with gate:
            assert (await site.submit(submission(number))).is_success
            if number in TWICE:
                assert (await site.submit(submission(number, 2, status="processing"))).is_success

    await asyncio.gather(*(send(number) for number in range(1, DOSSIERS + 1)))
    for first in range(1, DOSSIERS + 1, _SETTLED_AT_ONCE):
        await site.settled([code_of(number) for number in range(first, first + _SETTLED_AT_ONCE)])


async def _accidents(site: Site) -> None:
    for number in LOST:
        await site.portal.tamper("lose", code_of(number))
    for number in SET_BACK:
        await site.portal.tamper("set_back", code_of(number))
    for number in INVENTED:
        await site.portal.tamper("alter", code_of(number), TrangThaiHoSo="9")


async def _reconcile(site: Site, desk: Operators, tmp_path: Path, *options: str) -> tuple[int | None, str]:
    """Run the command; return its exit code and what it says."""
    said = tmp_path / f"reconcile-{uuid4().hex}.txt"
    key = tmp_path / "operator.key"
    key.write_text(desk.tokens[0], encoding="ascii")
    given = ("--config", str(site.installed.folder), "--key", str(key), "--rate", str(RATE_PER_S))
    async with running(said, "hub", "reconcile", *given, *options) as process:
        code = await process.wait(COMMAND_S_MAX)
    return code, said.read_text(encoding="utf-8")


async def _found(desk: Operators) -> dict[str, tuple[str, str]]:
    """Return what the newest run found: cause and what follows, by dossier."""
    run = (await desk.operator.get("/v1/reconciliations")).raise_for_status().json()["runs"][0]
    report = (await desk.operator.get(f"/v1/reconciliations/{run['id']}", params={"limit": "1000"})).json()
    return {each["dossier_code"]: (each["cause"], each["follows"]) for each in report["differences"]}


async def _lookups(site: Site) -> int:
    return int((await site.portal.summary())["kinds"].get("lookup", 0))


async def _until_asked(site: Site, lookups: int) -> None:
    while await _lookups(site) < lookups:  # noqa: ASYNC110 - another process asks
        await asyncio.sleep(0.05)


async def _done(desk: Operators, run_id: str) -> dict[str, Any]:
    """Return what a run found once it is done."""
    async with asyncio.timeout(MENDED_S_MAX):
        while True:
            report: dict[str, Any] = (await desk.operator.get(f"/v1/reconciliations/{run_id}")).json()
            if report["run"]["state"] == "done":
                return report
            await asyncio.sleep(0.1)


def _expected(follows: str) -> dict[str, tuple[str, str]]:
    return {
        **{code_of(number): ("missing", follows) for number in LOST},
        **{code_of(number): ("older", follows) for number in SET_BACK},
        **{code_of(number): ("foreign", "needs_person") for number in INVENTED},
    }


async def _mended(site: Site) -> Counter[str]:
    """Wait until what was sent again has arrived, and return what the portal did for it, by kind."""
    codes = {code_of(number) for number in (*LOST, *SET_BACK)}
    async with asyncio.timeout(MENDED_S_MAX):
        while True:
            rows = [row async for row in site.portal.rows() if row["key"] in codes]
            last = {row["key"]: row["seq"] for row in rows if row["kind"] in ("dossier_lost", "dossier_set_back")}
            after = [row for row in rows if row["seq"] > last[row["key"]] and row["kind"] != "lookup"]
            if len({row["key"] for row in after}) == len(codes):
                return Counter(row["kind"] for row in after)
            await asyncio.sleep(0.1)


async def test_what_the_portal_lost_is_found_and_sent_again(site: Site, desk: Operators, tmp_path: Path) -> None:
    """A dry run lists, a run mends, a second run finds nothing but what was invented; each within its quota."""
    await _deliver(site)
    await _accidents(site)

    before = await _lookups(site)
    started_s = asyncio.get_running_loop().time()
    code, said = await _reconcile(site, desk, tmp_path, "--dry-run")
    assert asyncio.get_running_loop().time() - started_s >= (DOSSIERS - 1) / RATE_PER_S
    assert (0, _expected("to_resend")) == (code, await _found(desk))
    assert DOSSIERS == await _lookups(site) - before
    assert "200 calls, 200 compared, 188 alike" in said
    assert f"{code_of(5)}  missing: to be sent again" in said
    assert f"{code_of(7)}  foreign, shows finished: needs a person" in said

    code, _ = await _reconcile(site, desk, tmp_path)
    assert (0, _expected("resent")) == (code, await _found(desk))
    assert {"dossier_created": len(LOST), "dossier_updated": len(SET_BACK)} == await _mended(site)
    await site.settled([code_of(number) for number in (*LOST, *SET_BACK)])

    code, said = await _reconcile(site, desk, tmp_path)
    assert (0, {code_of(number): ("foreign", "needs_person") for number in INVENTED}) == (code, await _found(desk))
    assert {"dossier_created": len(LOST), "dossier_updated": len(SET_BACK)} == await _mended(site)


async def test_a_run_survives_kill_9_and_is_the_operators_own(site: Site, desk: Operators, tmp_path: Path) -> None:
    """The hub that comes back goes on where it was; nobody without the grant orders or reads."""
    numbers = range(1, 31)
    for number in numbers:
        assert (await site.submit(submission(number))).is_success
    await site.settled([code_of(number) for number in numbers])
    for number in (2, 29):
        await site.portal.tamper("lose", code_of(number))
    before = await _lookups(site)
    order = {"calls_per_s": 10.0}
    headers = {"Idempotency-Key": "k-1"}
    run = (await desk.operator.post("/v1/reconciliations", json=order, headers=headers)).raise_for_status().json()
    await _until_asked(site, before + 10)

    await site.kill()
    await site.start()
    again = await desk.operator.post("/v1/reconciliations", json=order, headers=headers)
    assert run["id"] == again.json()["id"]
    report = await _done(desk, run["id"])

    assert [(code_of(2), "resent"), (code_of(29), "resent")] == [
        (each["dossier_code"], each["follows"]) for each in report["differences"]
    ]
    assert (30, 28) == (report["run"]["compared"], report["run"]["alike"])
    refused = [await site.caller.get("/v1/reconciliations"), await site.caller.get(f"/v1/reconciliations/{run['id']}")]
    assert [403, 403] == [answer.status_code for answer in refused]
    # At most one dossier is asked about twice; what is sent again is preceded by an inquiry.
    assert await _lookups(site) - before in range(30, 34)
