"""Dead letters with real processes: refused by the portal, corrected by an operator, sent again at a rate."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.operators import Operators, operators
from tests.e2e.site import Site, code_of, opened, submission

LETTERS = 1000
FOLLOWED = range(1, LETTERS + 1, 10)
"""Dossiers with a second state waiting behind the refused one."""
RATE_PER_S = 100.0
SENDERS = 32

LONG = {"id": "tk-01", "name": "Tờ khai.pdf", "url": "https://motcua.example/tep/" + "a" * 2000}
"""An address that is lawful and longer than the portal takes."""
SHORT = {**LONG, "url": "https://motcua.example/tep/tk-01"}
CORRECTION = {"attachments": [SHORT]}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Everything but the hub is up; the portal may refuse everybody alike without being taken for at fault itself."""
    async with opened(tmp_path) as one:
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


@pytest.mark.timeout(300)
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
    placed = await desk.order("o", "replay", select, correction=CORRECTION, rate_per_s=RATE_PER_S)
    assert placed["id"] == (await desk.order("o", "replay", select, correction=CORRECTION, rate_per_s=RATE_PER_S))["id"]
    done = await desk.until(placed["id"], lambda order: order["counts"]["delivered"] == LETTERS)
    done = await desk.until(placed["id"], lambda order: order["state"] == "done")
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
