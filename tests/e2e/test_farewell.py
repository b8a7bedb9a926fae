"""A real process that is stopped in mid-backlog: its next life asks nobody, and announces nothing as doubled."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.site import Site, code_of, opened, submission

CALL_S = 0.7
CODES = [code_of(number) for number in range(1, 201)]
LIVES = 3


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """An installation with sandboxes of its own, which writes nothing down for being slow; no hub runs yet."""
    async with opened(tmp_path, {"inflight_park_after_s": "10"}) as made:
        yield made


@pytest.mark.parametrize("fault", ["delay", "down"])
async def test_a_stop_in_mid_backlog_leaves_nothing_suspect(site: Site, fault: str) -> None:
    """With a portal that is slow, or down: stopped again and again, the hub neither inquires nor doubles."""
    await site.start()
    await site.portal.fault(fault, **({"delay_s": CALL_S} if fault == "delay" else {}))
    answers = await asyncio.gather(*(site.submit(submission(number)) for number in range(1, 201)))
    for _ in range(LIVES):
        assert 0 == await site.process.stop()
        await site.start()
        await asyncio.sleep(0.5)
        assert {} == await site.counted("hub_inquiries_total", "platform")
    await site.portal.clear_faults()
    timelines = await site.settled(CODES)

    assert {202} == {answer.status_code for answer in answers}
    assert {} == await site.counted("hub_inquiries_total", "platform")
    assert [] == [line for each in timelines.values() for line in _lines(each) if line["possibly_doubled"]]
    assert {1} == set((await site.effects(CODES)).values())


def _lines(timeline: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of all deliveries of a dossier."""
    return [line for message in timeline["messages"] for line in message["deliveries"]]
