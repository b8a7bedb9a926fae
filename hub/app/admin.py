"""The admin socket: live commands to a running process, for those who may use its home."""

import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.errors import ConfigInvalid
from hub.ingress.readiness import Check, readiness
from hub.ports import Clock
from hub.supervision import Supervisor
from schemas.model import Model

_PATH_BYTES_MAX = 107
"""What a socket's address holds on Linux."""


class PartitionStatus(Model):
    """How far one partition is: the committed offset, and the records past it that are not finished."""

    committed: int
    unfinished: int


class Status(Model):
    """What one process says of itself. `checks` are those of `/readyz`; `fallen` counts restarts in a row."""

    name: str
    role: str
    pid: int
    started_at: datetime
    ready: bool
    checks: dict[str, str]
    fallen: dict[str, int]
    partitions: dict[int, PartitionStatus]


class Admin:
    """The commands: `GET /status`, and `POST /stop`, which ends the process in good order."""

    def __init__(
        self,
        *,
        name: str,
        role: str,
        clock: Clock,
        supervisor: Supervisor,
        checks: Mapping[str, Check],
        partitions: Callable[[], Mapping[int, tuple[int, int]]],
        stop: Callable[[], None],
    ) -> None:
        self._name = name
        self._role = role
        self._started_at = clock.now()
        self._supervisor = supervisor
        self._checks = checks
        self._partitions = partitions
        self._stop = stop
        self.app = Starlette(routes=[Route("/status", self._status), Route("/stop", self._end, methods=["POST"])])

    async def _status(self, _: Request) -> Response:
        found = await readiness(self._checks)
        status = Status(
            name=self._name,
            role=self._role,
            pid=os.getpid(),
            started_at=self._started_at,
            ready=found.ready,
            checks=found.checks,
            fallen=self._supervisor.fallen,
            partitions={
                partition: PartitionStatus(committed=committed, unfinished=unfinished)
                for partition, (committed, unfinished) in sorted(self._partitions().items())
            },
        )
        return Response(status.model_dump_json(), media_type="application/json")

    async def _end(self, _: Request) -> Response:
        self._stop()
        return Response(status_code=202)


@dataclass(frozen=True, slots=True)
class AdminSocket:
    """A socket that listens in the hub's home, for the hub's own user only."""

    socket: socket.socket
    path: Path

    def close(self) -> None:
        """Close it and remove its file."""
        self.socket.close()
        with suppress(OSError):
            self.path.unlink()


def open_socket(folder: Path, name: str) -> AdminSocket | None:
    """Open the admin socket; None when its path is too long for one. A file that a killed process left is replaced.

    ConfigInvalid when a process of that name is running.
    """
    path = folder / f"{name}.sock"
    if len(os.fsencode(path)) > _PATH_BYTES_MAX:
        return None
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if _answers(path):
        raise ConfigInvalid(f"a process {name} of this installation runs already; give this one another --name")
    with suppress(FileNotFoundError):
        path.unlink()
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.bind(str(path))
    path.chmod(0o600)
    return AdminSocket(opened, path)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
