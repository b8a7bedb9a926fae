"""Withdrawal with real processes: what waits for a portal that is down is withdrawn, kill -9 or not."""

import asyncio
from pathlib import Path
from typing import Any

from tests.e2e.site import Site, code_of, opened, submission

CODE = code_of(1)
WITHDRAWN_S_MAX = 20.0


async def _withdraw(site: Site, revision: int) -> dict[str, Any]:
    answer = await site.caller.post(
        f"/v1/dossiers/{CODE}/withdrawal",
        json={"revision": revision, "reason": "applicant_request"},
        headers={"Idempotency-Key": f"{CODE}-{revision}"},
    )
    assert 202 == answer.status_code
    receipt: dict[str, Any] = answer.json()
    return receipt


async def _states(site: Site, revision: int) -> list[str]:
    messages = (await site.timeline(CODE)).get("messages", ())
    return [line["state"] for message in messages if message["revision"] == revision for line in message["deliveries"]]


async def _until(site: Site, revision: int, state: str) -> None:
    async with asyncio.timeout(WITHDRAWN_S_MAX):
        while set(await _states(site, revision)) != {state}:  # noqa: ASYNC110 - another process reaches the state
            await asyncio.sleep(0.1)


async def test_what_waits_is_withdrawn_and_what_comes_after_is_delivered(tmp_path: Path) -> None:
    """The portal never sees the withdrawn states; a kill right after the receipt changes nothing."""
    async with opened(tmp_path) as site:
        await site.start()
        outage = await site.portal.fault("down")
        for revision in (1, 2):
            assert (await site.submit(submission(1, revision, progress=[]))).is_success
        receipt = await _withdraw(site, 3)
        await site.process.kill()
        await site.start()
        assert receipt == await _withdraw(site, 3)
        await _until(site, 2, "withdrawn")

        assert (await site.submit(submission(1, 4, progress=[]))).is_success
        await site.portal.clear_faults(outage)
        # The first one may have been under way at the kill: the portal was asked before it was given up.
        await _until(site, 1, "withdrawn")
        await _until(site, 4, "delivered")
        assert {("dossier_created", CODE): 1} == dict(await site.effects())
        timeline = await site.timeline(CODE)
        assert ["dossier", "dossier", "withdrawal", "dossier"] == [line["kind"] for line in timeline["messages"]]
        counts = (await site.caller.get("/v1/overview")).json()["platforms"]
        assert [(1, 2)] == [(count["delivered"], count["withdrawn"]) for count in counts if count["delivered"]]
        assert 0 == await site.process.stop()
