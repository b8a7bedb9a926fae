"""Back-pressure with real processes: a portal that is down fills up, nothing more is taken in, and then it is."""

import asyncio
from pathlib import Path

from tests.e2e.site import Site, opened, submission

ROOM = 6
ROOM_AGAIN_S_MAX = 40.0


async def _accepted(site: Site, number: int) -> bool:
    return (await site.submit(submission(number, progress=[]))).status_code == 202


async def test_past_the_backlog_of_a_platform_the_hub_refuses_until_there_is_room(tmp_path: Path) -> None:
    """503 with Retry-After; what was refused is accepted under the same key when the portal is back."""
    async with opened(tmp_path, {"platform_backlog_max": str(ROOM)}) as site:
        await site.start()
        outage = await site.portal.fault("down")
        taken = [await _accepted(site, number) for number in range(1, ROOM + 3)]
        assert [True] * ROOM + [False] * 2 == taken
        await asyncio.sleep(3)
        refused = await site.submit(submission(ROOM + 1, progress=[]))
        assert (503, "30", "hub.overloaded") == (
            refused.status_code,
            refused.headers["retry-after"],
            refused.json()["code"],
        )

        await site.portal.clear_faults(outage)
        async with asyncio.timeout(ROOM_AGAIN_S_MAX):
            while not await _accepted(site, ROOM + 1):  # noqa: ASYNC110 - another process makes room
                await asyncio.sleep(0.5)
        assert ROOM + 1 == len(await site.settled(submission(number)["code"] for number in range(1, ROOM + 2)))
        assert 0 == await site.process.stop()
