"""A password is rotated under way: everything parks, one alarm is raised, and with the right one all is delivered.

In both homes: beside a door of their own, two workers meet the password, and one alarm is raised for both.
"""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from ops.sandbox.population.settings import PopulationSettings
from ops.sandbox.portal.settings import PortalSettings
from tests.e2e.homes import Home, home, postgres
from tests.e2e.site import QUERY, Site, code_of, opened, submission

DOSSIERS = 300
CHANGED = range(1, DOSSIERS + 1, 3)
"""Dossiers with a second state."""
OWED = 2 * DOSSIERS + len(CHANGED)
"""Each dossier owes itself and one row of progress, each second state itself."""
SENDERS = 24
PARKED_S_MAX = 60.0
DELIVERED_S_MAX = 120.0
ROTATED = "rotated-by-the-portal"
PORTAL = "national_portal"

__all__ = ["home", "postgres"]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def site(tmp_path: Path, home: Home) -> AsyncIterator[Site]:
    """A hub that runs, and a portal that takes its time."""
    async with opened(tmp_path, home=home) as one:
        await one.portal.fault("delay", delay_s=0.3)
        await one.start()
        yield one


async def _submit(site: Site) -> None:
    """Send all states of all dossiers, a few dossiers at a time."""
    gate = asyncio.Semaphore(SENDERS)

    async def send(number: int) -> None:
        async with gate:
            assert 202 == (await site.submit(submission(number))).status_code
            if number in CHANGED:
                second = submission(number, 2, status="processing", progress=[])
                assert 202 == (await site.submit(second)).status_code

    await asyncio.gather(*(send(number) for number in range(1, DOSSIERS + 1)))


async def _until(holds: Callable[[dict[str, int]], bool], site: Site, within_s: float) -> dict[str, int]:
    """Return how the deliveries to the portal stand, as soon as that is as wanted."""
    counts: dict[str, int] = {}
    try:
        async with asyncio.timeout(within_s):
            while not holds(counts := await _counts(site)):  # noqa: ASYNC110 - another process moves them
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise AssertionError(f"after {within_s} s: {counts}") from None
    return counts


async def _counts(site: Site) -> dict[str, int]:
    platforms = (await site.caller.get("/v1/overview")).json()["platforms"]
    return next((dict(each, platform=0) for each in platforms if each["platform"] == PORTAL), Counter())


def _alarms(site: Site) -> Counter[tuple[str, str, str]]:
    """Count the lines about alarms that all processes of the installation have written."""
    lines = [
        json.loads(line)
        for log in site.installed.folder.glob("hub-*.log")
        for line in log.read_text(encoding="utf-8").splitlines()
    ]
    return Counter(
        (line["event"], line["kind"], line["platform"]) for line in lines if line["event"].startswith("alarm")
    )


async def _alarms_within(site: Site, wanted: Mapping[tuple[str, str, str], int], within_s: float = 30.0) -> None:
    """Return when these lines are there, and no others."""
    try:
        async with asyncio.timeout(within_s):
            while _alarms(site) != wanted:  # noqa: ASYNC110 - another process writes them
                await asyncio.sleep(0.2)
    except TimeoutError:
        assert wanted == _alarms(site)


async def _gauge(site: Site, platform: str) -> int:
    return (await site.counted("hub_alarm", "platform")).get(platform, 0)


async def _rotated_in_the_middle(site: Site) -> None:
    """Rotate the portal's password while dossiers are under way; return when all are parked and an alarm stands."""
    sending = asyncio.create_task(_submit(site))
    await _until(lambda counts: counts.get("delivered", 0) >= 50, site, PARKED_S_MAX)
    await site.portal.rotate(password=ROTATED)
    await site.portal.expire_sessions()
    done = len(await _effects(site))
    await sending
    await _alarms_within(site, RAISED)
    assert 50 <= done < OWED
    counts = await _until(lambda counts: _all_known(counts) and counts["delivered"] == done, site, PARKED_S_MAX)
    assert (0, OWED) == (counts["dead"], done + _waiting(counts))
    assert 1 == await _gauge(site, PORTAL)
    await asyncio.sleep(6)
    assert done == len(await _effects(site))
    assert RAISED == _alarms(site)


RAISED = Counter({("alarm_raised", "refused_us", PORTAL): 1})
OVER = RAISED + Counter({("alarm_ended", "refused_us", PORTAL): 1})


def _waiting(counts: Mapping[str, int]) -> int:
    return counts["waiting"] + counts["parked"] + counts["in_doubt"] + counts["in_flight"]


def _all_known(counts: Mapping[str, int]) -> bool:
    """Whether the read models have heard of everything that was accepted."""
    return counts.get("delivered", 0) + _waiting(counts) == OWED if counts else False


async def _effects(site: Site) -> list[tuple[str, str]]:
    """Return what the portal did, in its order: dossier and kind."""
    kinds = ("dossier_created", "dossier_updated", "progress")
    return [(row["key"], row["kind"]) async for row in site.portal.rows() if row["kind"] in kinds]


async def _all_is_well(site: Site) -> None:
    """All is delivered, nothing dead, nothing doubled, each dossier in its order; the alarm is over."""
    counts = await _until(lambda counts: counts.get("delivered", 0) == OWED, site, DELIVERED_S_MAX)
    assert (0, 0) == (counts["dead"], _waiting(counts))
    # Where partitions change hands as workers start, what the former owner may have begun is announced, doubled or not.
    assert 0 == counts["possibly_doubled"] or site.workers
    done: dict[str, list[str]] = defaultdict(list)
    for code, kind in await _effects(site):
        done[code].append(kind)
    expected = {
        code_of(number): ["dossier_created", "progress", *["dossier_updated"] * (number in CHANGED)]
        for number in range(1, DOSSIERS + 1)
    }
    assert expected == done
    await _alarms_within(site, OVER)
    assert 0 == await _gauge(site, PORTAL)


async def test_the_portal_takes_the_old_password_again(site: Site) -> None:
    """Nobody touches the hub."""
    await _rotated_in_the_middle(site)
    await site.portal.rotate(password=PortalSettings().password)

    await _all_is_well(site)
    assert 0 == await site.stop()


async def test_the_hub_is_given_the_new_password(site: Site) -> None:
    """The file of the secret is changed, and the hub restarted, as is documented."""
    await _rotated_in_the_middle(site)
    (site.installed.folder / "secrets" / "national-portal-password").write_text(ROTATED, encoding="utf-8")
    assert 0 == await site.stop()
    await site.start()

    await _all_is_well(site)
    assert 0 == await site.stop()


async def test_the_key_to_the_population_database_is_rotated(site: Site) -> None:
    """Lookups say whose fault it is; one alarm however many fail, which the next answer ends."""

    async def look() -> tuple[int, Any]:
        answer = await site.caller.post("/v1/citizens/lookup", json=QUERY)
        return answer.status_code, answer.json().get("code")

    raised = Counter({("alarm_raised", "refused_us", "population"): 1})
    assert 200 == (await look())[0]
    await site.population.rotate(secret=ROTATED)
    assert {"platform.refused_us"} == {(await look())[1] for _ in range(20)}
    await _alarms_within(site, raised)
    assert 1 == await _gauge(site, "population")

    await site.population.rotate(secret=PopulationSettings().secret)
    assert 200 == (await look())[0]
    await _alarms_within(site, raised + Counter({("alarm_ended", "refused_us", "population"): 1}))
    assert 0 == await site.stop()
