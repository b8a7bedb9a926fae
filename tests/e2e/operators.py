"""Operators of a site: an account that orders and one that approves, with their own keys."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from hub.settings import load
from hub.settings.keys import add_key
from tests.e2e.site import Site

OPERATOR = ("H56", "van-hanh")
APPROVER = ("H56", "giam-sat")
READING = {"X-Officer": "vanhanh01", "X-Purpose": "dead-letter"}
_WAIT_S_MAX = 90.0
_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Operators:
    """Clients of both accounts."""

    operator: httpx.AsyncClient
    approver: httpx.AsyncClient
    tokens: tuple[str, str]

    async def letters(self, **asked: str) -> list[dict[str, Any]]:
        """Return all dead letters that a filter matches, page by page."""
        found: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            answer = await self.operator.get("/v1/dead-letters", params={**asked, **after})
            page = answer.raise_for_status().json()
            found += page["letters"]
            if page["next"] is None:
                return found
            after = {"after": page["next"]}

    async def story(self, letter: Mapping[str, Any]) -> dict[str, Any]:
        """Return everything about one letter."""
        name = f"{letter['message_id']}/{letter['operation']}/{letter['part']}"
        answer = await self.operator.get(f"/v1/dead-letters/{name}", headers=READING)
        told: dict[str, Any] = answer.raise_for_status().json()
        return told

    async def order(self, key: str, action: str, select: Mapping[str, Any], **stated: Any) -> dict[str, Any]:
        """Place an order and return it."""
        document = {"action": action, "select": select, "reason": "đã kiểm tra", "officer": "vanhanh01", **stated}
        answer = await self.operator.post("/v1/orders", json=document, headers={"Idempotency-Key": key})
        assert answer.is_success, answer.text
        placed: dict[str, Any] = answer.json()
        return placed

    async def until(self, order_id: str, reached: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return an order once it is as far as that; fails with the order when it takes too long."""
        for _ in range(int(_WAIT_S_MAX / _LOOK_EVERY_S)):
            order: dict[str, Any] = (await self.operator.get(f"/v1/orders/{order_id}")).raise_for_status().json()
            if reached(order):
                return order
            await asyncio.sleep(_LOOK_EVERY_S)
        raise AssertionError(order)

    async def until_dead(self, deliveries: int) -> None:
        """Return once so many deliveries are dead."""
        async with asyncio.timeout(_WAIT_S_MAX):
            while await self._dead() < deliveries:  # noqa: ASYNC110 - another process reaches it
                await asyncio.sleep(0.1)

    async def _dead(self) -> int:
        platforms = (await self.operator.get("/v1/overview")).json()["platforms"]
        return sum(count["dead"] for count in platforms)


@asynccontextmanager
async def operators(site: Site) -> AsyncIterator[Operators]:
    """Give both accounts keys, before the hub is started."""
    folder = site.installed.folder
    pepper = load(folder, environ={}).hub.secrets.api_key_pepper.get_secret_value()
    first, second = (add_key(folder, agency, system, pepper) for agency, system in (OPERATOR, APPROVER))
    async with _client(site, first) as operator, _client(site, second) as approver:
        yield Operators(operator, approver, (first, second))


def _client(site: Site, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=site.installed.address, headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
    )
