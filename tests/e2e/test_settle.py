"""Doubts that only a person can end, in both homes: what arrived is not sent again, and what did not is sent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ops.sandbox.remote import Remote
from ops.sandbox.verdict import appended
from tests.e2e.homes import Home, home, postgres
from tests.e2e.installation import replace_value
from tests.e2e.operators import Operators, operators
from tests.e2e.processes import sandboxes
from tests.e2e.site import Site, code_of, founded, submission

__all__ = ["home", "postgres"]

OPERATION = "emc.dossier_tracking"
CODES = LANDED, LOST, PLAIN = [code_of(number) for number in (1, 2, 3)]
"""EMC counted the first event of the first and its reply was lost; of the second it took nothing; no doubt about the
third."""
WHY = ("--reason", "đã gọi điện cho EMC", "--officer", "vh01")
DOUBTS_S_MAX = 30.0
QUIET_S = 2.0


class Doubtful:
    """A site whose EMC cannot be asked and must not be told twice; the sandbox's control port; the operators."""

    def __init__(self, site: Site, emc: Remote, desk: Operators) -> None:
        self.site, self.emc, self.desk = site, emc, desk

    async def submit(self) -> None:
        """Send two states of every dossier."""
        for revision, status in ((1, "accepted"), (2, "finished")):
            for number in range(1, len(CODES) + 1):
                answer = await self.site.submit(submission(number, revision, status=status, progress=[]))
                assert 202 == answer.status_code

    async def told(self) -> list[tuple[str, str]]:
        """Return what EMC was told: dossier and status, sorted."""
        return sorted([(row["key"], row["data"]["Status"]) async for row in self.emc.rows()])

    async def doubts(self, number: int) -> dict[str, str]:
        """Return the names of the deliveries that wait for a person, by dossier, once there are so many."""
        async with asyncio.timeout(DOUBTS_S_MAX):
            while len(letters := await self.desk.letters(state="in_doubt")) != number:  # noqa: ASYNC110 - as others reach it
                await asyncio.sleep(0.1)
        return {each["dossier_code"]: f"{each['message_id']}/{each['operation']}/0" for each in letters}

    async def settle(self, name: str, answer: str) -> str:
        """Answer a doubt by the command line, and return what it says."""
        return await self.site.command(self.desk.tokens[0], "settle", name, answer, *WHY)


pytestmark = pytest.mark.timeout(300)


@pytest.fixture
async def doubtful(tmp_path: Path, home: Home) -> AsyncIterator[Doubtful]:
    """Everything up and running."""
    async with AsyncExitStack() as stack:
        platforms = await stack.enter_async_context(sandboxes(tmp_path / "sandbox"))
        site = await stack.enter_async_context(founded(tmp_path / "installation", platforms, home=home))
        file = site.installed.folder / "platforms" / "emc.yaml"
        replace_value(file, "enabled", "true")
        replace_value(file, "url", f"{platforms.emc}/TrackingMCDT\n  on_doubt: operator")
        emc = await stack.enter_async_context(Remote(platforms.emc_control))
        desk = await stack.enter_async_context(operators(site))
        await site.start()
        yield Doubtful(site, emc, desk)


async def test_a_person_ends_a_doubt(doubtful: Doubtful) -> None:
    """Until then nothing is sent, not even after kill -9, and later states wait; EMC counts each state once."""
    await doubtful.emc.fault("drop_reply", key=LANDED, count=1)
    await doubtful.emc.fault("cut_before_acting", key=LOST, count=1)
    await doubtful.submit()
    names = await doubtful.doubts(2)
    assert {LANDED, LOST} == set(names)
    listed = await doubtful.site.command(doubtful.desk.tokens[0], "dead", "list", "--state", "in_doubt")
    assert set(names.values()) == {line for line in listed.splitlines() if line.endswith(f"/{OPERATION}/0")}
    await doubtful.site.kill()
    await doubtful.site.start()
    assert names == await doubtful.doubts(2)
    await asyncio.sleep(QUIET_S)
    assert [(LANDED, "1"), (PLAIN, "1"), (PLAIN, "3")] == await doubtful.told()

    assert "arrived done, 1 of 1, 1 delivered" in await doubtful.settle(names[LANDED], "--arrived")
    assert "not_arrived done, 1 of 1, 1 delivered" in await doubtful.settle(names[LOST], "--not-arrived")

    timelines = await doubtful.site.settled(CODES)
    rows = [row async for row in doubtful.emc.rows()]
    assert appended(rows, dict.fromkeys(CODES, (("1",), ("3",)))).clean
    for code in (LANDED, LOST):
        (line,) = (each for each in timelines[code]["messages"][0]["deliveries"] if each["operation"] == OPERATION)
        assert ("delivered", False) == (line["state"], line["possibly_doubled"])
    assert [] == await doubtful.desk.letters()
