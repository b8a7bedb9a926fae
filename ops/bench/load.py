"""A load generator as a process of its own: so many requests at a time, for a bounded time, on loopback."""

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

_HOSTS = ("http://127.0.0.1:", "http://localhost:")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to send. Bodies are taken in turn; `keys` makes an Idempotency-Key of each body's number."""

    url: str
    token: str
    bodies: Path
    concurrency: int
    seconds: float
    keys: str
    expected_status: int


def run(plan: Plan) -> dict[str, Any]:
    """Send and return {sent, seconds, p50_ms, p99_ms, other}; `other` counts answers that were not expected."""
    if not plan.url.startswith(_HOSTS):
        raise ValueError("load goes to loopback only")
    return uvloop.run(_run(plan))


async def _run(plan: Plan) -> dict[str, Any]:
    bodies = plan.bodies.read_bytes().splitlines()
    headers = {"Authorization": f"Bearer {plan.token}", "Content-Type": "application/json"}
    took_ms: list[float] = []
    other = 0
    following = iter(range(len(bodies)))
    end_s = time.monotonic() + plan.seconds
    async with aiohttp.ClientSession(
        headers=headers, connector=aiohttp.TCPConnector(limit=plan.concurrency)
    ) as session:

        async def caller() -> None:
            nonlocal other
            for number in following:
                if time.monotonic() > end_s:
                    return
                started_s = time.perf_counter()
                own = {"Idempotency-Key": f"{plan.keys}-{number}"} if plan.keys else {}
                async with session.post(plan.url, data=bodies[number], headers=own) as answer:
                    await answer.read()
                    other += answer.status != plan.expected_status
                took_ms.append((time.perf_counter() - started_s) * 1000)

        started_s = time.monotonic()
        await asyncio.gather(*(caller() for _ in range(plan.concurrency)))
        seconds = time.monotonic() - started_s
    took_ms.sort()
    return {
        "sent": len(took_ms),
        "seconds": seconds,
        "p50_ms": took_ms[len(took_ms) // 2] if took_ms else 0.0,
        "p99_ms": took_ms[len(took_ms) * 99 // 100] if took_ms else 0.0,
        "other": other,
    }


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    sys.stdout.write(orjson.dumps(run(Plan(**{**given, "bodies": Path(given["bodies"])}))).decode())
