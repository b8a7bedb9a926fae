"""A platform for measurements, as a process: it takes dossiers after a delay, and remembers each with its time."""

import asyncio
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import httpx
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ops.demo.stage import end

_START_S_MAX = 60.0


class _Book:
    """What was taken, in order: (key, code, seconds since the epoch); a key counts once."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self._taken: dict[str, tuple[str, float]] = {}

    async def take(self, request: Request) -> Response:
        """Act after the delay."""
        said = orjson.loads(await request.body())
        await asyncio.sleep(self.delay_s)
        self._taken.setdefault(said["key"], (said["code"], time.time()))
        return Response(b"{}", media_type="application/json")

    async def set_delay(self, request: Request) -> Response:
        """Take another delay from here on; calls under way keep theirs."""
        self.delay_s = orjson.loads(await request.body())["delay_s"]
        return Response(b"{}")

    async def count(self, _: Request) -> Response:
        """Tell how much was taken."""
        return Response(orjson.dumps(len(self._taken)))

    async def taken(self, _: Request) -> Response:
        """Tell what was taken."""
        return Response(orjson.dumps([(key, code, at) for key, (code, at) in self._taken.items()]))


def _serve(port: int) -> None:
    book = _Book()
    routes = [
        Route("/take", book.take, methods=["POST"]),
        Route("/delay", book.set_delay, methods=["POST"]),
        Route("/count", book.count),
        Route("/taken", book.taken),
    ]
    uvicorn.run(Starlette(routes=routes), port=port, log_config=None, access_log=False)


class BenchPlatform:
    """One such process on a port of 127.0.0.1. Stopped, it is a dead platform; started again, it has only counts."""

    def __init__(self, name: str, port: int, procedures: Sequence[str]) -> None:
        self.name = name
        self.procedures = tuple(procedures)
        self.address = f"http://127.0.0.1:{port}"
        self._port = port
        self._before = 0
        self._process: asyncio.subprocess.Process | None = None
        self._client = httpx.AsyncClient(base_url=self.address, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        await self._client.aclose()

    async def start(self, delay_s: float) -> None:
        """Start it, and wait until it listens."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ops.bench.platform", str(self._port)
        )
        async with asyncio.timeout(_START_S_MAX):
            while True:
                try:
                    return await self.delay(delay_s)
                except httpx.TransportError:
                    await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """Let nobody listen any more."""
        if self._process is not None:
            self._before = await self.count()
            await end(self._process)
            self._process = None

    async def delay(self, delay_s: float) -> None:
        """Let every call take so long."""
        (await self._client.post("/delay", content=orjson.dumps({"delay_s": delay_s}))).raise_for_status()

    async def count(self) -> int:
        """Return how many dossiers it has taken since it was first started."""
        return self._before + int((await self._client.get("/count")).json())

    async def taken(self) -> list[tuple[str, str, float]]:
        """Return (message id, dossier code, seconds since the epoch) since the last start, in order."""
        return [tuple(each) for each in (await self._client.get("/taken", timeout=60)).json()]

    def file(self) -> str:
        """Return the file that makes it a platform of an installation."""
        section: dict[str, Any] = {
            "name": self.name,
            "adapter": "ops.bench.adapter",
            "circuit_open_max_s": "2",
            "settings": {
                "name": self.name,
                "url": f"{self.address}/take",
                "procedures": self.procedures,
                "wire": {"plain_http": "true"},
            },
        }
        return orjson.dumps(section).decode()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
