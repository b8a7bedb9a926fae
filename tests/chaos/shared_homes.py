"""A broker and a database server of our own, for processes that share a log and a store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.kafka.broker import Broker
from tests.contracts.postgres_server import PostgresServer


@dataclass(frozen=True, slots=True)
class Shared:
    """The log and the store that all processes share."""

    broker: Broker
    store_url: str
    keys_url: str


@asynccontextmanager
async def shared_homes(folder: Path) -> AsyncIterator[Shared]:
    """Start a broker and a PostgreSQL server of our own."""
    broker, server = Broker(folder / "kafka"), PostgresServer()
    try:
        (folder / "kafka").mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(server.start)
        await broker.start()
        store = await asyncio.to_thread(server.create)
        yield Shared(broker, store, store)
    finally:
        await broker.stop()
        await asyncio.to_thread(server.remove)
