"""`hub run`: everything in one process, until somebody asks it to stop."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

from hub.app.deliveries import Deliveries
from hub.app.door import Door, Server, bind, new_server
from hub.app.homes import Homes, open_homes
from hub.app.platforms import build_platforms
from hub.app.seams import Seams
from hub.disk import DiskGuard
from hub.errors import HubFault
from hub.ingress.readiness import Check
from hub.pipeline.catalogue import Agency, Catalogue
from hub.settings import Installation
from hub.streams.projector import AUDIT, COMMANDS, OUTCOMES, Projector
from hub.supervision import Supervisor
from hub.telemetry import Metrics, configure_logging, logger

TOPICS = (COMMANDS, OUTCOMES, AUDIT)
_LAG_RECORDS_MAX = 10_000
_GAUGE_EVERY_S = 5.0
_GC_THRESHOLDS = (50_000, 50, 1000)
_log = logger("hub")


async def serve(installation: Installation, seams: Seams | None = None) -> None:
    """Run the hub until SIGTERM or SIGINT. Errors at start: Unavailable, ConfigInvalid."""
    configure_logging(sys.stderr)
    for warning in installation.warnings:
        _log.warning("configuration", hint=warning)
    async with AsyncExitStack() as stack:
        bound = bind(installation.hub.listen)
        stack.callback(bound.close)
        await _Hub(installation, seams or Seams(), stack).run(bound)


class _Hub:
    """Builds the parts in order, runs them, and ends them in the opposite order."""

    def __init__(self, installation: Installation, seams: Seams, stack: AsyncExitStack) -> None:
        self._installation = installation
        self._seams = seams
        self._stack = stack
        self._metrics = Metrics()
        self._supervisor = Supervisor(seams.clock)
        self._stop = asyncio.Event()

    async def run(self, bound: socket.socket) -> None:
        """Open, catch up, serve, drain, close."""
        hub, clock = self._installation.hub, self._seams.clock
        homes = await open_homes(hub, self._seams, self._stack)
        platforms = build_platforms(self._installation, self._seams, self._stack)
        if not platforms.operations:
            _log.warning("configuration", hint="no platform takes dossiers: what is accepted is sent nowhere")
        catalogue = Catalogue(
            (Agency(agency.code, agency.name) for agency in self._installation.agencies),
            self._installation.procedures,
        )
        projector = Projector(homes.log, homes.projection, clock, self._metrics)
        deliveries = Deliveries(
            homes=homes,
            platforms=platforms,
            catalogue=catalogue,
            projector=projector,
            clock=clock,
            metrics=self._metrics,
            hub=hub,
        )
        disk = DiskGuard(hub.home, hub.limits.disk_free_bytes_min, clock)
        door = Door(
            installation=self._installation,
            homes=homes,
            platforms=platforms,
            catalogue=catalogue,
            disk=disk,
            clock=clock,
            metrics=self._metrics,
            checks=self._checks(projector, deliveries, disk),
        )
        # What the log holds must be known before the door opens: a repeat of it gets its first receipt.
        for topic in TOPICS:
            for partition in range(homes.log.partitions(topic)):
                await projector.catch_up(topic, partition)
        _settle_memory()
        server = new_server(door.app, hub.limits.requests_in_flight_max, hub.deadlines.drain_s)
        await self._run_parts(homes, projector, deliveries, server, bound)
        await door.acceptance.drain()

    async def _run_parts(
        self, homes: Homes, projector: Projector, deliveries: Deliveries, server: Server, bound: socket.socket
    ) -> None:
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            "delivery": deliveries.run,
            "gauges": lambda: self._gauge(homes),
            **{f"projector of {topic}": _projection(projector, topic) for topic in TOPICS},
        }
        running = {name: asyncio.create_task(self._supervisor.keep(name, part)) for name, part in parts.items()}
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        self._listen_for_signals()
        host, port = bound.getsockname()[:2]
        _log.info("hub_started", host=host, port=port)
        stop = asyncio.create_task(self._stop.wait())
        await asyncio.wait({stop, serving}, return_when=asyncio.FIRST_COMPLETED)
        _log.info("hub_stopping")
        server.should_exit = True
        await serving
        await deliveries.stop()
        await running.pop("delivery")
        for task in (stop, *running.values()):
            task.cancel()
        await asyncio.gather(stop, *running.values(), return_exceptions=True)

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)

    def _checks(self, projector: Projector, deliveries: Deliveries, disk: DiskGuard) -> dict[str, Check]:
        async def parts() -> str | None:
            fallen = sorted(self._supervisor.fallen)
            return f"restarting: {', '.join(fallen)}" if fallen else None

        async def space() -> str | None:
            disk.admit()
            return None

        async def read_models() -> str | None:
            lag = sum([await projector.lag_records(topic) for topic in TOPICS])
            return f"{lag} records behind" if lag > _LAG_RECORDS_MAX else None

        return {"parts": parts, "delivery": deliveries.check, "disk": space, "read_models": read_models}

    async def _gauge(self, homes: Homes) -> None:
        """Keep the gauges of deliveries by state fresh."""
        while True:
            with suppress(HubFault):  # a store that cannot be read shows elsewhere; the gauges stay as they are
                for count in (await homes.read_models.overview()).platforms:
                    for state, number in count.model_dump(exclude={"platform"}).items():
                        self._metrics.deliveries.set(number, count.platform, state)
            await self._seams.clock.sleep(_GAUGE_EVERY_S)


def _settle_memory() -> None:
    """What start-up made lives as long as the process: looking through it again costs a third of a request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


def _projection(projector: Projector, topic: str) -> Callable[[], Awaitable[None]]:
    return lambda: projector.run(topic)
