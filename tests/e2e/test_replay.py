"""Dead letters in both homes: refused by the portal, corrected by an operator, sent again at a rate."""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.homes import Home, home, postgres
from tests.e2e.operators import Operators, operators
from tests.e2e.site import Site, code_of, opened, submission

__all__ = ["home", "postgres"]

LETTERS = 1000
FOLLOWED = range(1, LETTERS + 1, 10)
"""Dossiers with a second state waiting behind the refused one."""
RATE_PER_S = 100.0
SENDERS = 32
KILLED = 30

LONG = {"id": "tk-01", "name": "Tờ khai.pdf", "url": "https://motcua.example/tep/" + "a" * 2000}
"""An address that is lawful and longer than the portal takes."""
SHORT = {**LONG, "url": "https://motcua.example/tep/tk-01"}
CORRECTION = {"attachments": [SHORT]}


@pytest.fixture
def changes() -> dict[str, str]:
    """What hub.yaml says differently."""
    return {}


@pytest.fixture
async def site(tmp_path: Path, changes: dict[str, str], home: Home) -> AsyncIterator[Site]:
    """Everything but the hub is up; the portal may refuse everybody alike without being taken for at fault itself."""
    async with opened(tmp_path, changes, home) as one:
        with (one.installed.folder / "platforms" / "national_portal.yaml").open("a", encoding="utf-8") as file:
            file.write("\nrefusals_equal_max: 0\n")
        yield one


@pytest.fixture
async def desk(site: Site) -> AsyncIterator[Operators]:
    """The operators; the hub runs."""
    async with operators(site) as two:
        await site.start()
        yield two


async def _submit(site: Site, documents: list[dict[str, Any]]) -> None:
    """Send some states, a few at a time."""
    gate = asyncio.Semaphore(SENDERS)

    async def send(document: dict[str, Any]) -> None:
        async with gate:
            assert 202 == (await site.submit(document)).status_code

    await asyncio.gather(*(send(document) for document in documents))


async def _states_at_portal(site: Site) -> dict[str, list[tuple[str, str]]]:
    """Return what the portal did for each dossier, in its order: kind and state."""
    done: dict[str, list[tuple[str, str]]] = defaultdict(list)
    async for row in site.portal.rows():
        if row["kind"] != "lookup":
            done[row["key"]].append((row["kind"], row["data"]["TrangThaiHoSo"]))
    return done


@pytest.mark.timeout(600)
async def test_a_thousand_dead_letters_are_corrected_and_sent_again(site: Site, desk: Operators) -> None:
    """At the rate that was ordered, each once and in the order of its dossier, with who and why beside it."""
    await _submit(site, [submission(n, progress=[], attachments=[LONG]) for n in range(1, LETTERS + 1)])
    await _submit(site, [submission(n, 2, progress=[], status="processing") for n in FOLLOWED])
    await desk.until_dead(LETTERS)
    letters = await desk.letters(platform="national_portal", state="dead")
    assert LETTERS == len(letters) == len({letter["dossier_code"] for letter in letters})
    assert [letter["accepted_at"] for letter in letters] == sorted(letter["accepted_at"] for letter in letters)

    select = {"matching": {"platform": "national_portal"}, "deliveries_max": LETTERS}
    trial = await desk.order("t", "replay", select, correction=CORRECTION, dry_run=True)
    assert ("trial", LETTERS, 0) == (trial["state"], trial["counts"]["selected"], trial["counts"]["refused"])
    started_s = time.monotonic()
    placed = await desk.order("o", "replay", select, correction=CORRECTION, rate_per_s=RATE_PER_S)
    assert placed["id"] == (await desk.order("o", "replay", select, correction=CORRECTION, rate_per_s=RATE_PER_S))["id"]
    done = await desk.until(placed["id"], lambda order: order["counts"]["delivered"] == LETTERS)
    done = await desk.until(placed["id"], lambda order: order["state"] == "done")
    assert time.monotonic() - started_s > 0.9 * LETTERS / RATE_PER_S
    assert (LETTERS, LETTERS, 0, 0) == tuple(done["counts"][it] for it in ("selected", "appended", "waiting", "void"))

    await site.settled(code_of(n) for n in (*FOLLOWED, 2, LETTERS))
    once, twice = [("dossier_created", "2")], [("dossier_created", "2"), ("dossier_updated", "4")]
    expected = {code_of(n): twice if n in FOLLOWED else once for n in range(1, LETTERS + 1)}
    assert expected == await _states_at_portal(site)

    story = await desk.story(letters[0])
    assert ("delivered", [LONG]) == (story["letter"]["state"], story["body"]["attachments"])
    assert "DuongDanTaiTepTin" in story["reason"]
    (ruling,) = story["rulings"]
    assert ("replay", "H56/van-hanh", placed["id"]) == (ruling["verdict"], ruling["by"], ruling["order"])
    assert ("vanhanh01", "đã kiểm tra", ["attachments"]) == (ruling["officer"], ruling["reason"], ruling["fields"])
    assert [SHORT] == ruling["body"]["attachments"]
    assert [] == await desk.letters()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("changes", [{"approvals": "1", "approve_bulk_above": "1"}])
async def test_an_order_survives_kills_and_needs_a_second_person(site: Site, desk: Operators) -> None:
    """By the command line: proposed, approved by another account, killed in the midst; each delivery has one effect.

    What is given up lets the later state go on, and never reaches the portal.
    """
    operator, approver = desk.tokens
    await _submit(site, [submission(n, progress=[], attachments=[LONG]) for n in range(1, KILLED + 2)])
    await _submit(site, [submission(KILLED + 1, 2, progress=[], status="processing")])
    await desk.until_dead(KILLED + 1)
    listed = (
        await site.command(operator, "dead", "list", "--platform", "national_portal", "--max", "100")
    ).splitlines()
    assert KILLED + 1 == len(listed) // 2
    told = await site.command(operator, "dead", "show", listed[0], "--officer", "vh01")
    assert "the platform said: " in told
    assert '"personal_number": "001000000001"' in told

    why = ("--reason", "đã kiểm tra", "--officer", "vh01")
    await site.command(operator, "discard", "--dossier", code_of(KILLED + 1), *why)
    correction = f"attachments={json.dumps([SHORT])}"
    options = ("--platform", "national_portal", "--set", correction, "--rate", "10", *why)
    assert f"would touch {KILLED}" in await site.command(operator, "replay", *options, "--dry-run")
    proposed = await site.command(operator, "replay", *options)
    order_id = proposed.split()[0]
    assert f"replay proposed, 0 of {KILLED}" in proposed
    assert "replay approved" in await site.command(approver, "orders", "approve", order_id, "--officer", "gs01")
    for appended in (5, 15):
        await desk.until(order_id, lambda order, least=appended: order["counts"]["appended"] >= least)  # type: ignore[misc]  # bound early on purpose
        await site.kill()
        await site.start()
    done = await desk.until(order_id, lambda order: order["counts"]["delivered"] == KILLED)
    assert ("H56/giam-sat", "gs01", 0) == (done["approved_by"], done["approving_officer"], done["counts"]["dead_again"])
    assert "replay done" in await site.command(operator, "orders", "list")

    given_up = {code_of(KILLED + 1): [("dossier_created", "4")]}
    assert {code_of(n): [("dossier_created", "2")] for n in range(1, KILLED + 1)} | given_up == (
        await _states_at_portal(site)
    )
