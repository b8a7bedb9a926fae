"""The REST door of an installation, and the server that holds it open."""

import contextlib
import socket
from collections.abc import Iterator, Mapping
from functools import partial

import uvicorn
from fastapi import FastAPI
from starlette.applications import Starlette

from hub.access import ApiKeys, Grants
from hub.app.connection import Connection
from hub.app.homes import Homes
from hub.app.platforms import Platforms
from hub.audit.log_audit import LogAudit
from hub.console.pages import pages
from hub.disk import DiskGuard
from hub.errors import ConfigInvalid
from hub.ingress.acceptance import Acceptance, AcceptanceRooms
from hub.ingress.endpoints import RestRooms
from hub.ingress.follow import Follow
from hub.ingress.lookup import Lookup, LookupRooms
from hub.ingress.readiness import Check
from hub.ingress.rest import rest_app
from hub.pipeline.catalogue import Catalogue
from hub.pipeline.plan import plan
from hub.ports import Clock
from hub.settings import Installation
from hub.settings.sections import Listen
from hub.telemetry import Metrics


class Door:
    """The application and the use cases behind it."""

    def __init__(
        self,
        *,
        installation: Installation,
        homes: Homes,
        platforms: Platforms,
        catalogue: Catalogue,
        disk: DiskGuard,
        clock: Clock,
        metrics: Metrics,
        checks: Mapping[str, Check],
    ) -> None:
        hub = installation.hub
        grants = Grants(installation.systems)
        rooms = AcceptanceRooms(
            grants=grants,
            catalogue=catalogue,
            inbox=homes.inbox,
            keys=homes.keys,
            log=homes.log,
            clock=clock,
            metrics=metrics,
            plan=partial(plan, operations=platforms.operations),
            admit=disk.admit,
            fingerprint_key=hub.secrets.fingerprint_key.get_secret_value(),
        )
        self.acceptance = Acceptance(rooms, requests_max=hub.limits.requests_in_flight_max)
        lookup = LookupRooms(
            grants=grants,
            catalogue=catalogue,
            source=platforms.citizens,
            audit=LogAudit(homes.log),
            clock=clock,
            metrics=metrics,
            subject_key=hub.secrets.subject_key.get_secret_value(),
        )
        rest = RestRooms(
            api_keys=ApiKeys(installation.systems, hub.secrets.api_key_pepper.get_secret_value()),
            acceptance=self.acceptance,
            lookup=Lookup(lookup, deadline_s=hub.deadlines.lookup_s),
            follow=Follow(grants, homes.read_models, rooms.recent),
            read_models=homes.read_models,
            metrics=metrics,
            clock=clock,
            checks=checks,
            body_bytes_max=hub.limits.body_bytes_max,
            body_wait_s=hub.deadlines.accept_s,
        )
        self.app: FastAPI = rest_app(rest, pages(hub.title))


class Server(uvicorn.Server):
    """uvicorn on a socket that is bound already, and without signal handlers: whoever serves decides when it ends."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket) -> None:
        super().__init__(config)
        self._bound = bound

    @property
    def place(self) -> dict[str, str | int]:
        """Where it listens, as logs show it."""
        if self._bound.family == socket.AF_UNIX:
            return {"file": str(self._bound.getsockname())}
        host, port = self._bound.getsockname()[:2]
        return {"host": host, "port": port}

    async def run_bound(self) -> None:
        """Serve until `should_exit` is set."""
        await self.serve(sockets=[self._bound])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def bind(listen: Listen) -> socket.socket:
    """Return a bound socket. ConfigInvalid when the address is taken or not ours."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((listen.host, listen.port))
    except OSError as error:
        bound.close()
        raise ConfigInvalid(f"cannot listen on {listen.host}:{listen.port}: {error.strerror}") from None
    return bound


def new_server(app: Starlette, bound: socket.socket, requests_max: int, drain_s: float) -> Server:
    """Return a server that refuses connections past a bound and gives requests some time when it ends."""
    return Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            date_header=False,
            limit_concurrency=requests_max * 4,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=max(1, round(drain_s)),
        ),
        bound,
    )
