"""A load generator that keeps a rate: each request starts at its time, whether or not earlier ones were answered."""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvloop


@dataclass(frozen=True, slots=True)
class Pace:
    """What to send, to loopback: the lines of `bodies`, so many a second, each under its own Idempotency-Key."""

    url: str
    token: str
    bodies: Path
    rate: float
    keys: str


async def _run(pace: Pace) -> dict[str, Any]:
    """Send all. Return {accepted: {message id: seconds since the epoch at the 202}, refused: [number], behind_s}."""
    bodies = pace.bodies.read_bytes().splitlines()
    headers = {"Authorization": f"Bearer {pace.token}", "Content-Type": "application/json"}
    accepted: dict[str, float] = {}
    refused: list[int] = []
    behind_s = 0.0
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call(number: int) -> None:
            own = {"Idempotency-Key": f"{pace.keys}-{number}"}
            async with session.post(pace.url, data=bodies[number], headers=own) as answer:
                said = await answer.read()
                if answer.status == 202:  # noqa: PLR2004 - accepted
                    accepted[orjson.loads(said)["message_id"]] = time.time()
                else:
                    refused.append(number)

        started_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(len(bodies)):
                due_s = started_s + number / pace.rate
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                behind_s = max(behind_s, time.monotonic() - due_s)
                group.create_task(call(number))
    return {"accepted": accepted, "refused": refused, "behind_s": behind_s, "seconds": time.monotonic() - started_s}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    if not given["url"].startswith("http://127.0.0.1:"):
        raise SystemExit("load goes to loopback only")
    asked = Pace(**{**given, "bodies": Path(given["bodies"])})
    # Into a file: a pipe that an event loop has touched may take only a part.
    asked.bodies.with_suffix(".answer").write_bytes(orjson.dumps(uvloop.run(_run(asked))))
