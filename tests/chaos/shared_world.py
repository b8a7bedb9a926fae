"""What several processes of one hub share, each behind a road that can be bad: the broker, the store, the portal."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.kafka.broker import Broker
from ops.sandbox.remote import Remote
from tests.chaos.fault_proxy import FaultProxy
from tests.contracts.postgres_server import PostgresServer
from tests.e2e.processes import Sandboxes, reserved_port

_BROKER_READY_S = 180.0
_FORGOTTEN = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}
"""A broker that was killed is taken back by the cluster when its former session has ended."""


@dataclass(slots=True)
class SharedWorld:
    """Everything around a fleet. Addresses lead over the roads."""

    broker: Broker
    server: PostgresServer
    store_url: str
    portal: Remote
    portal_road: FaultProxy
    broker_road: FaultProxy
    store_road: FaultProxy
    broker_turn: asyncio.Lock

    @property
    def bootstrap(self) -> str:
        """The broker, as host:port."""
        return f"127.0.0.1:{self.broker_road.port}"

    @property
    def addresses(self) -> dict[str, str]:
        """What `hub.yaml` says of log and store."""
        return {"log": f"kafka://{self.bootstrap}", "store": self.store_url, "keys": self.store_url}

    async def kill_broker(self, dead: Callable[[], None]) -> None:
        """Kill -9 the broker, say so, and start it again."""
        async with self.broker_turn:
            await self.broker.kill()
            dead()
            await self.broker.start(_BROKER_READY_S)

    async def take_broker_away(self, for_s: float) -> None:
        """Stop the broker in good order and start it again later."""
        async with self.broker_turn:
            await self.broker.stop()
            await asyncio.sleep(for_s)
            await self.broker.start(_BROKER_READY_S)

    async def kill_store(self) -> None:
        """Kill -9 the database server and start it again."""
        await asyncio.to_thread(self.server.kill)
        await asyncio.to_thread(self.server.start)


@asynccontextmanager
async def shared_world(folder: Path, boxes: Sandboxes) -> AsyncIterator[SharedWorld]:
    """Start a broker and a PostgreSQL server of our own, and open the roads."""
    async with AsyncExitStack() as stack:
        host, _, port = boxes.platforms.portal.removeprefix("http://").rpartition(":")
        broker_port = stack.enter_context(reserved_port())
        server = await asyncio.to_thread(PostgresServer)
        stack.push_async_callback(asyncio.to_thread, server.remove)
        await asyncio.to_thread(server.start)
        name = (await asyncio.to_thread(server.create)).partition("@/")[2].partition("?")[0]
        targets = ((host, int(port)), ("127.0.0.1", broker_port), server.socket)
        roads = [FaultProxy(target) for target in targets]
        for road in roads:
            await road.open()
            stack.push_async_callback(road.aclose)
        advertised = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{roads[1].port}"}
        (folder / "kafka").mkdir(parents=True, exist_ok=True)
        broker = Broker(folder / "kafka", advertised | _FORGOTTEN, port=broker_port)
        stack.push_async_callback(broker.kill)
        await broker.start(_BROKER_READY_S)
        yield SharedWorld(
            broker,
            server,
            f"postgresql://hub@127.0.0.1:{roads[2].port}/{name}",
            await stack.enter_async_context(Remote(boxes.portal_control)),
            portal_road=roads[0],
            broker_road=roads[1],
            store_road=roads[2],
            broker_turn=asyncio.Lock(),
        )
