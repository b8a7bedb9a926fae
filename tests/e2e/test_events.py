"""Status events of a real hub, watched by the sample over kills: none is missing, none out of order."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.processes import Sandboxes, sandboxes
from tests.e2e.site import Site, code_of, founded, submission

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAMPLE = Path(__file__).parents[2] / "ops" / "samples" / "watch_events.py"
CODES = [code_of(number) for number in range(3000, 3024)]
PER_DOSSIER = Counter({"accepted": 1, "delivered": 2, "completed": 1})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def platforms(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandboxes]:
    """Running sandboxes."""
    async with sandboxes(tmp_path_factory.mktemp("events") / "sandbox") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def site(tmp_path: Path, platforms: Sandboxes) -> AsyncIterator[Site]:
    """An installation; no hub runs yet."""
    async with founded(tmp_path / "installation", platforms) as made:
        yield made


async def test_the_sample_sees_everything_over_kills(site: Site, tmp_path: Path) -> None:
    """The hub is killed twice while dossiers go through; every dossier is told from 1 on, and completed."""
    await site.start()
    watching = await asyncio.create_subprocess_exec(
        *(sys.executable, str(SAMPLE), site.installed.address, "--state", str(tmp_path / "watch.json")),
        *("--count", str(len(CODES) * PER_DOSSIER.total())),
        env={"HUB_API_KEY": site.installed.token},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    for begin in (0, 8, 16):
        for number in range(3000 + begin, 3008 + begin):
            assert 202 == (await site.submit(submission(number))).status_code
        if begin < 16:
            await asyncio.sleep(0.3)
            await site.process.kill()
            await site.start()
    said, _ = await asyncio.wait_for(watching.communicate(), 60)

    lines = said.decode().splitlines()
    assert (0, f"{len(CODES) * 4} events of {len(CODES)} dossiers") == (
        watching.returncode,
        lines[-1].partition(",")[0],
    )
    told: dict[str, list[str]] = {}
    for line in lines[:-1]:
        _, code, seq, kind = line.split()
        told.setdefault(code, []).append(kind)
        assert int(seq) == len(told[code])
    assert dict.fromkeys(CODES, PER_DOSSIER) == {code: Counter(kinds) for code, kinds in told.items()}
    assert {("accepted", "completed")} == {(kinds[0], kinds[-1]) for kinds in told.values()}


async def test_a_lost_store_tells_nothing_twice(site: Site) -> None:
    """The numbers live in the log: with a new store the same events are there, and the next one goes on counting."""
    code = code_of(3100)
    await site.start()
    await site.submit(submission(3100))
    before = await _told(site, code, 4)
    await site.process.stop()
    for file in site.home.glob("store.db*"):
        file.unlink()
    await site.start()
    await site.submit(submission(3100, 2, progress=[]))
    after = await _told(site, code, 5)

    assert before == after[:4]
    assert (5, "accepted", 2) == (after[4]["seq"], after[4]["data"]["state"], after[4]["data"]["revision"])


async def test_no_event_carries_personal_data(site: Site) -> None:
    """Neither names nor numbers of what was sent."""
    await site.start()
    await site.submit(submission(3200))
    text = json.dumps(await _told(site, code_of(3200), 4), ensure_ascii=False)

    for mark in ("Nguyễn", "001000000001", "Lê Thị", "Hạc Thành", "khai sinh"):
        assert mark not in text


async def _told(site: Site, code: str, count: int) -> list[dict[str, Any]]:
    """Return the events of a dossier once there are so many."""
    async with asyncio.timeout(30):
        while True:
            batch = (await site.caller.get("/v1/events/batch", params={"limit": 1000})).json()
            found = [event for event in batch["events"] if event["subject"] == code]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.1)
