"""A lookup over REST through a real hub, on a road to the source that is cut under the first connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.road_fault import Bad, RoadFault
from tests.e2e.processes import sandboxes
from tests.e2e.site import QUERY, Site, founded

SOON_S = 0.001
CUT_S_MAX = 20.0
SLOWLY = "lookup:\n  first_s: 2\n"
"""The second try comes after 0.2 s at least, so that the road is good again by then."""


@dataclass
class Scene:
    """A hub and the road between it and the population database."""

    site: Site
    road: FaultProxy


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A hub that runs, on a road that is good."""
    async with sandboxes(tmp_path / "sandbox") as platforms:
        host, _, port = platforms.platforms.population.removeprefix("http://").rpartition(":")
        road = FaultProxy((host, int(port)))
        await road.open()
        try:
            behind = replace(platforms, platforms=replace(platforms.platforms, population=road.address))
            async with founded(tmp_path / "installation", behind) as site:
                file = site.installed.folder / "platforms" / "population.yaml"
                file.write_text(file.read_text(encoding="utf-8") + SLOWLY, encoding="utf-8")
                await site.start()
                yield Scene(site, road)
        finally:
            await road.aclose()


@asynccontextmanager
async def first_connection_cut(road: FaultProxy) -> AsyncIterator[None]:
    """Cut the road until one connection was made and cut."""

    async def cut() -> None:
        bad = asyncio.create_task(road.suffer(RoadFault(Bad.CUT, CUT_S_MAX)))
        while not road.carried:  # noqa: ASYNC110 - another process comes
            await asyncio.sleep(SOON_S)
        bad.cancel()
        await asyncio.wait({bad})

    cutting = asyncio.create_task(cut())
    await asyncio.sleep(0)
    yield
    await cutting


async def test_a_reset_connection_is_not_the_officers_trouble(scene: Scene) -> None:
    """One answer with the person out of two calls, of which the platform saw one; a road that stays cut is told."""
    site = scene.site
    async with first_connection_cut(scene.road):
        answer = await site.caller.post("/v1/citizens/lookup", json=dict(QUERY))

    assert (200, "one") == (answer.status_code, answer.json().get("match"))
    rows = [row["key"] async for row in site.population.rows()]
    assert [f"H56_{answer.json()['request_id']}-2"] == rows
    assert 2 == scene.road.carried
    assert {"unknown": 1, "answered": 1} == await site.counted("hub_lookup_tries_total", "outcome_class")
    assert {"one": 1} == await site.counted("hub_lookups_total", "result")

    bad = asyncio.create_task(scene.road.suffer(RoadFault(Bad.CUT, CUT_S_MAX)))
    await asyncio.sleep(0)
    answer = await site.caller.post("/v1/citizens/lookup", json=dict(QUERY))
    bad.cancel()
    await asyncio.wait({bad})

    assert (504, "platform.reply_lost") == (answer.status_code, answer.json()["code"])
    assert {"unknown": 4, "answered": 1} == await site.counted("hub_lookup_tries_total", "outcome_class")
    assert {"one": 1, "platform.reply_lost": 1} == await site.counted("hub_lookups_total", "result")
