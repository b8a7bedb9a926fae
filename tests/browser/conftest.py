"""One browser for all tests of this folder; a site and a tab for each."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.browser.chromium import Chromium, Tab, new_tab
from tests.browser.site import Site, open_site
from tests.browser.timelines import NOW, OVERVIEW, done, sad
from tests.clock import ManualClock


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """Start the browser once: that takes longer than a test."""
    with Chromium() as started:
        yield started


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """Return a hub with numbers and two dossiers."""
    async with open_site(ManualClock(NOW)) as opened:
        opened.house.read_models.numbers = OVERVIEW
        opened.add(sad())
        opened.add(done())
        yield opened


@pytest.fixture
async def tab(browser: Chromium) -> AsyncIterator[Tab]:
    """Return a tab of desktop size."""
    async with new_tab(browser) as opened:
        await opened.shape(1280, 800)
        yield opened
