"""The control port from the other side: what demonstrations and tests order from a running sandbox."""

import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any, Self

import httpx

from ops.sandbox.ledger import Row

_PAGE_ROWS = 5_000
_TIMEOUT_S = 30.0


class Refused(Exception):
    """The sandbox did not take the order; the text says why."""


class Remote:
    """Speaks to one control port. Close it, or use it as a context."""

    def __init__(self, address: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP only; loading trusted roots costs 50 ms
        self._client = httpx.AsyncClient(
            base_url=address, timeout=_TIMEOUT_S, transport=transport, verify=nobody, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_raised: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()

    async def fault(self, kind: str, **bounds: object) -> int:
        """Put a fault in force (fields of `ops.sandbox.fault.Fault`) and return its number. Error: Refused."""
        document = await self._order("POST", "/faults", {"kind": kind, **bounds})
        return int(document["id"])

    async def clear_faults(self, fault_id: int | None = None) -> None:
        """Take one fault back, or all."""
        await self._order("DELETE", "/faults" if fault_id is None else f"/faults?id={fault_id}")

    async def faults(self) -> list[dict[str, Any]]:
        """Return the faults in force."""
        listing: list[dict[str, Any]] = (await self._order("GET", "/faults"))["faults"]
        return listing

    async def expire_sessions(self) -> int:
        """End all sessions; return how many there were."""
        return int((await self._order("POST", "/sessions/expire"))["expired"])

    async def rotate(self, **credentials: str) -> None:
        """Change the credentials that the platform accepts."""
        await self._order("POST", "/credentials", credentials)

    async def tamper(self, order: str, key: str, **fields: str) -> None:
        """Let the platform lose, set_back, alter or invent what it holds about a key."""
        await self._order("POST", "/book", {"order": order, "key": key, **fields})

    async def state(self) -> dict[str, Any]:
        """Return what the platform tells of itself."""
        return await self._order("GET", "/state")

    async def summary(self) -> dict[str, Any]:
        """Return the counts of rows, requests and refusals."""
        return await self._order("GET", "/ledger/summary")

    async def rows(self, after: int = 0, **wanted: str) -> AsyncIterator[Row]:
        """Yield the rows of the ledger in order; `wanted` filters by kind, key, service."""
        following: int | None = after
        while following is not None:
            page = await self._order("GET", "/ledger", query={"after": following, "limit": _PAGE_ROWS, **wanted})
            for row in page["rows"]:
                yield row
            following = page["next_after"]

    async def _order(
        self, method: str, path: str, document: object = None, query: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        reply = await self._client.request(method, path, json=document, params=query)
        answer: dict[str, Any] = reply.json()
        if reply.is_error:
            raise Refused(str(answer.get("error")))
        return answer
