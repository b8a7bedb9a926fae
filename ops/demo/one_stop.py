"""A one-stop system as an agency would write it: it repeats with the same key until it has a receipt."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

import httpx

_TRIES_MAX = 40
_CONCURRENCY = 16


class OneStop:
    """The client of one system. `receipts` maps (dossier code, revision) to what the hub acknowledged."""

    def __init__(self, hub: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.AsyncClient(base_url=hub, headers=headers, timeout=30, trust_env=False)
        self._free = asyncio.Semaphore(_CONCURRENCY)
        self.receipts: dict[tuple[str, int], dict[str, Any]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def lookup(self, query: dict[str, Any]) -> httpx.Response:
        """Ask for a citizen."""
        return await self._client.post("/v1/citizens/lookup", json=query)

    async def submit_all(self, dossiers: Iterable[dict[str, Any]]) -> None:
        """Send one state of many dossiers, some at a time."""
        async with asyncio.TaskGroup() as group:
            for dossier in dossiers:
                group.create_task(self.submit(dossier))

    async def submit(self, dossier: dict[str, Any]) -> None:
        """Send one state until the hub has acknowledged it; the key makes repeats harmless."""
        key = f"{dossier['code']}-{dossier['revision']}"
        async with self._free:
            for _ in range(_TRIES_MAX):
                answer = await self._client.post("/v1/dossiers", json=dossier, headers={"Idempotency-Key": key})
                if answer.status_code == httpx.codes.ACCEPTED:
                    self.receipts[dossier["code"], dossier["revision"]] = answer.json()
                    return
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    answer.raise_for_status()
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
        raise TimeoutError(f"the hub did not take {key}")

    async def timeline(self, code: str) -> dict[str, Any]:
        """Return everything known of a dossier."""
        answer = await self._client.get(f"/v1/dossiers/{code}/timeline")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def overview(self) -> dict[str, Any]:
        """Return the numbers of the live page."""
        counted: dict[str, Any] = (await self._client.get("/v1/overview")).json()
        return counted

    async def inquiries(self) -> int:
        """Return how often the hub has asked a platform whether a doubtful try had arrived."""
        page = (await self._client.get("/metrics")).text
        counts = [line for line in page.splitlines() if line.startswith("hub_inquiries_total{")]
        return sum(round(float(line.rpartition(" ")[2])) for line in counts)
