"""One process of the hub, until somebody asks it to stop."""

import asyncio
import gc
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from hub.app.admin import Admin, open_socket
from hub.app.deliveries import Deliveries
from hub.app.door import Door
from hub.app.ground import Ground, open_ground
from hub.app.homes import TOPICS, Homes, require_kin
from hub.app.processing import Processing
from hub.app.reconciling import reconciler
from hub.app.roles import Role, require_fit
from hub.app.seams import Seams
from hub.app.server import Server, bind, new_server
from hub.app.status import status_app
from hub.disk import DiskGuard
from hub.ending import ended
from hub.errors import HubFault, Unavailable
from hub.ingress.health import Health
from hub.ingress.readiness import Check
from hub.settings import Installation
from hub.settings.sections import Listen
from hub.supervision import Supervisor
from hub.telemetry import Metrics, configure_logging, logger

_GAUGE_EVERY_S = 5.0
_START_AGAIN_S = 2.0
_GC_THRESHOLDS = (50_000, 50, 1000)
_log = logger("hub")

Part = Callable[[], Awaitable[None]]


async def serve(
    installation: Installation,
    seams: Seams | None = None,
    *,
    role: Role = Role.RUN,
    name: str = "",
    listen: Listen | None = None,
) -> None:
    """Run until SIGTERM or SIGINT. Errors at start: Unavailable, ConfigInvalid.

    `name` tells processes of one installation apart. `listen` replaces the configured door; a worker, which has no
    door, shows its health there.
    """
    configure_logging(sys.stderr)
    require_fit(role, installation)
    for warning in installation.warnings:
        _log.warning("configuration", hint=warning)
    async with AsyncExitStack() as stack:
        await _Hub(installation, seams or Seams(), role, stack).run(name, listen)


class _Hub:
    """Builds the parts in order, runs them, and ends them in the opposite order."""

    def __init__(self, installation: Installation, seams: Seams, role: Role, stack: AsyncExitStack) -> None:
        self._installation = installation
        self._seams = seams
        self._role = role
        self._stack = stack
        self._metrics = Metrics()
        self._supervisor = Supervisor(seams.clock)
        self._parts: dict[str, Part] = {}
        self._checks: dict[str, Check] = {"parts": self._fallen}
        self._servers: dict[str, Server] = {}
        self._stop = asyncio.Event()

    async def run(self, name: str, listen: Listen | None) -> None:
        """Open, catch up, serve, drain, close."""
        self._listen_for_signals()
        hub = self._installation.hub
        at = listen or (hub.listen if self._role.opens_door else None)
        bound = bind(at) if at else None
        if bound:
            self._stack.callback(bound.close)
        ground = await self._opened(name)
        if ground is None:
            return
        if not ground.platforms.operations:
            _log.warning("configuration", hint="no platform takes dossiers: what is accepted is sent nowhere")
        disk = DiskGuard(hub.home, hub.limits.disk_free_bytes_min, ground.clock)
        self._checks["disk"] = _check_of(disk)
        processing = Processing(ground) if self._role.delivers else None
        deliveries = self._delivering(ground, processing) if processing else None
        door = self._door(ground, disk, processing) if self._role.opens_door else None
        if bound:
            app = door.app if door else status_app(Health(self._checks, self._metrics))
            self._servers["door"] = new_server(app, bound, hub.limits.requests_in_flight_max, hub.deadlines.drain_s)
        self._open_admin(name or self._role, deliveries)
        if self._role is Role.RUN:
            # What the log holds must be known before the door opens: a repeat of it gets its first receipt.
            for topic in TOPICS:
                for partition in range(ground.homes.log.partitions(topic)):
                    await ground.projector.catch_up(topic, partition)
        _settle_memory()
        await self._run_parts(deliveries, door)

    async def _opened(self, name: str) -> Ground | None:
        """Open log and stores that belong together; those of other machines are waited for. None when told to stop."""
        hub = self._installation.hub
        while not self._stop.is_set():
            async with AsyncExitStack() as attempt:
                try:
                    ground = await open_ground(self._installation, self._seams, attempt, self._metrics, name)
                    await require_kin(ground.homes)
                except Unavailable as fault:
                    if hub.log.embedded and hub.store.embedded and hub.keys.embedded:
                        raise
                    _log.warning("start_waits", code=fault.problem_code, hint=fault.hint)
                else:
                    self._stack.push_async_callback(attempt.pop_all().aclose)
                    return ground
            with suppress(TimeoutError):
                async with asyncio.timeout(_START_AGAIN_S):
                    await self._stop.wait()
        return None

    def _delivering(self, ground: Ground, processing: Processing) -> Deliveries:
        deliveries = Deliveries(ground)
        self._parts["delivery"] = deliveries.run
        self._parts["streams"] = processing.streams.run
        self._parts["events"] = processing.publisher.run
        self._parts["reconciliation"] = reconciler(ground, deliveries).run
        self._parts.update(processing.callers)
        self._parts["kinship"] = lambda: ground.homes.kinship.run(TOPICS)
        self._parts["gauges"] = lambda: self._gauge(ground.homes)
        self._checks["delivery"] = deliveries.check
        self._checks["streams"] = processing.streams.check
        return deliveries

    def _door(self, ground: Ground, disk: DiskGuard, processing: Processing | None) -> Door:
        door = Door(ground, disk, self._checks, processing.windows if processing else None)
        self._parts["backlog"] = door.backlog.run
        return door

    def _open_admin(self, name: str, deliveries: Deliveries | None) -> None:
        admin = Admin(
            name=name,
            role=self._role,
            clock=self._seams.clock,
            supervisor=self._supervisor,
            checks=self._checks,
            partitions=deliveries.committed if deliveries else dict,
            stop=self._stop.set,
        )
        found = open_socket(self._installation.hub.sockets, name)
        if found is None:
            _log.warning("configuration", hint="the path of home is too long for an admin socket: there is none")
            return
        self._stack.callback(found.close)
        self._servers["admin"] = new_server(admin.app, found.socket, requests_max=8, drain_s=1)

    async def _run_parts(self, deliveries: Deliveries | None, door: Door | None) -> None:
        running = {name: asyncio.create_task(self._supervisor.keep(name, part)) for name, part in self._parts.items()}
        serving = [asyncio.create_task(server.run_bound()) for server in self._servers.values()]
        for server in self._servers.values():
            _log.info("hub_started", component=self._role, **server.place)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({stop, *serving}, return_when=asyncio.FIRST_COMPLETED)
        _log.info("hub_stopping")
        if door:
            await door.events.aclose()
        for server in self._servers.values():
            server.should_exit = True
        await asyncio.gather(*serving)
        if door:
            await door.acceptance.drain()
        if deliveries:
            await deliveries.stop()
            await running.pop("delivery")
        await ended(stop, *running.values())

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)

    async def _fallen(self) -> str | None:
        fallen = sorted(self._supervisor.fallen)
        return f"restarting: {', '.join(fallen)}" if fallen else None

    async def _gauge(self, homes: Homes) -> None:
        """Keep the gauges of deliveries by state fresh."""
        while True:
            with suppress(HubFault):  # a store that cannot be read shows elsewhere; the gauges stay as they are
                for count in (await homes.read_models.overview()).platforms:
                    for state, number in count.model_dump(exclude={"platform"}).items():
                        self._metrics.deliveries.set(number, count.platform, state)
            await self._seams.clock.sleep(_GAUGE_EVERY_S)


def _check_of(disk: DiskGuard) -> Check:
    async def space() -> str | None:
        disk.admit()
        return None

    return space


def _settle_memory() -> None:
    """What start-up made lives as long as the process: looking through it again costs a third of a request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
