"""EMC beside the portal with real processes: every accepted state is told, through outages and lost replies."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from ops.sandbox.remote import Remote
from ops.sandbox.verdict import appended
from tests.e2e.installation import replace_value
from tests.e2e.processes import sandboxes
from tests.e2e.site import Site, code_of, founded, submission

OPERATION = "emc.dossier_tracking"
DOSSIERS = 12
PATIENCE = {"first_s": "0.1", "max_s": "0.5"}


class Tracked:
    """A site whose EMC is switched on, and the sandbox's control port."""

    def __init__(self, site: Site, emc: Remote) -> None:
        self.site = site
        self.emc = emc

    async def states(self) -> dict[str, dict[str, Any]]:
        """Send two states of each dossier, wait until all is delivered, and return the timelines."""
        codes = [code_of(number) for number in range(1, DOSSIERS + 1)]
        for revision, status in ((1, "accepted"), (2, "finished")):
            for number in range(1, DOSSIERS + 1):
                answer = await self.site.submit(submission(number, revision, status=status))
                assert 202 == answer.status_code
        return await self.site.settled(codes)

    async def rows(self) -> list[dict[str, Any]]:
        """Return the ledger of EMC."""
        return [row async for row in self.emc.rows()]


@pytest.fixture
async def tracked(tmp_path: Path) -> AsyncIterator[Tracked]:
    """Everything up and running."""
    async with AsyncExitStack() as stack:
        platforms = await stack.enter_async_context(sandboxes(tmp_path / "sandbox"))
        site = await stack.enter_async_context(founded(tmp_path / "installation", platforms, PATIENCE))
        file = site.installed.folder / "platforms" / "emc.yaml"
        replace_value(file, "enabled", "true")
        replace_value(file, "url", f"{platforms.emc}/TrackingMCDT")
        emc = await stack.enter_async_context(Remote(platforms.emc_control))
        await site.start()
        yield Tracked(site, emc)


def expected() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Received, then returned, of every dossier."""
    return {code_of(number): (("1",), ("3",)) for number in range(1, DOSSIERS + 1)}


async def test_every_state_is_told_once_and_names_nobody(tracked: Tracked) -> None:
    """Without a failure there is one event per accepted state, in order; name and number stay at home."""
    await tracked.states()
    rows = await tracked.rows()

    assert appended(rows, expected()).clean
    assert not [secret for secret in ("001000000001", "Nguyễn Văn A") if secret in str(rows)]


async def test_what_may_be_doubled_is_announced(tracked: Tracked) -> None:
    """After an outage and lost replies nothing is missing, and no event came twice that the hub does not own up to."""
    await tracked.emc.fault("down", duration_s=0.5)
    await tracked.emc.fault("drop_reply", count=5, probability=0.5, seed=1)
    timelines = await tracked.states()
    found = appended(await tracked.rows(), expected())
    marked = {
        (code, message["revision"])
        for code, timeline in timelines.items()
        for message in timeline["messages"]
        for line in message["deliveries"]
        if line["operation"] == OPERATION and line["possibly_doubled"]
    }

    assert found.whole
    assert 5 == len(found.doubled)
    doubled = {(one.dossier, {"1": 1, "3": 2}[one.mark[0]]) for one in found.doubled}
    assert doubled <= marked
