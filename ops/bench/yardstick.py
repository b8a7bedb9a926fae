"""Yardsticks: the least that could be called a hub, on the same libraries.

The door answers 202 to what parses as JSON and keeps nothing; the loop posts bodies to an address and keeps nothing.
"""

import asyncio
import sys
import time
from pathlib import Path

import aiohttp
import orjson
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


async def _take(request: Request) -> Response:
    orjson.loads(await request.body())
    return Response(b"{}", status_code=202, media_type="application/json")


def door(port: int) -> None:
    """Serve the bare door."""
    app = Starlette(routes=[Route("/v1/dossiers", _take, methods=["POST"])])
    uvicorn.run(app, port=port, log_config=None, access_log=False)


async def loop(url: str, headers: dict[str, str], bodies: list[bytes], concurrency: int) -> float:
    """Post every body once. Return how many a second."""
    following = iter(bodies)
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=concurrency)) as session:

        async def caller() -> None:
            for body in following:
                async with session.post(url, data=body) as answer:
                    await answer.read()

        started_s = time.monotonic()
        await asyncio.gather(*(caller() for _ in range(concurrency)))
        return len(bodies) / (time.monotonic() - started_s)


if __name__ == "__main__":
    if sys.argv[1] == "door":
        door(int(sys.argv[2]))
    else:
        order = orjson.loads(Path(sys.argv[2]).read_bytes())
        bodies = [body.encode() for body in order["bodies"]]
        rate = uvloop.run(loop(order["url"], order["headers"], bodies, order["concurrency"]))
        sys.stdout.write(f"{rate:.1f}")
