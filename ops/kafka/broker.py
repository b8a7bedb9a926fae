"""A broker as a process: start, stop, kill, freeze, start again on the same ports and data."""

import asyncio
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from ops.kafka.jars import NoBroker, jars, program

_HOST = "127.0.0.1"
_READY_WAIT_S = 180.0
_STOP_WAIT_S = 60.0
_POLL_S = 0.1
_LOG_TAIL_CHARS = 2000

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # A group of one member need not wait for others that might come.
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "controlled.shutdown.enable": "false",
    # What is sized for servers with much memory.
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "num.recovery.threads.per.data.dir": "1",
}
_CLUSTER_ID = "aHViLWthZmthLWJyb2tlcg"
_JVM = (
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
    "-Djava.awt.headless=true",
    "-Dlog4j2.level=WARN",
)


class Broker:
    """One KRaft node, broker and controller, on 127.0.0.1, with its data in `folder`.

    `settings` are the broker's own (server.properties), over the defaults here. Ports are chosen at the first start
    and kept. `start` raises NoBroker when it does not come up in time.
    """

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, *, port: int = 0, heap_mib: int = 256
    ) -> None:
        self._folder = folder
        self._settings = dict(settings or {})
        self._port = port
        self._controller_port = 0
        self._heap_mib = heap_mib
        self._process: subprocess.Popen[bytes] | None = None
        self._archive: Path | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients, as host:port. Known after the first start."""
        return f"{_HOST}:{self._port}"

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def recording(self) -> bool:
        """Whether a stop in good order would let the next broker start faster."""
        return self._archive is not None and not self._archive.exists()

    async def start(self, ready_wait_s: float = _READY_WAIT_S) -> None:
        """Start, and return when the broker answers a request for its metadata."""
        folder = await asyncio.to_thread(jars)
        self._port, self._controller_port = self._port or _free_port(), self._controller_port or _free_port()
        self._write_files()
        self._process = self._spawn(self._command(folder))
        await self._ready(time.monotonic() + ready_wait_s)

    def _command(self, folder: Path) -> list[str]:
        heap = (f"-Xms{self._heap_mib // 4}m", f"-Xmx{self._heap_mib}m")
        java = [*_dies_with_us(), program("java"), *heap, *_JVM, self._sharing(folder / "classes.jsa")]
        return [*java, "-cp", f"{folder}/*", "kafka.Kafka", str(self._properties)]

    def _sharing(self, archive: Path) -> str:
        """Return the word that starts Java from the classes of an earlier run, or has them written at the end of this.

        A third of the time to start is spent on reading classes.
        """
        self._archive = archive
        return f"-XX:SharedArchiveFile={archive}" if archive.exists() else f"-XX:ArchiveClassesAtExit={self._recorded}"

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._folder)  # noqa: S603 - our own words

    async def stop(self) -> None:
        """End in good order; kill what does not."""
        self.resume()
        await self._end(signal.SIGTERM)
        if self._archive is not None and self._recorded.exists():
            whole = self._process is not None and self._process.returncode != -signal.SIGKILL
            self._recorded.replace(self._archive) if whole else self._recorded.unlink()

    async def kill(self) -> None:
        """End at once, as a crash would."""
        await self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Go on after `pause`."""
        self._signal(signal.SIGCONT)

    @property
    def _properties(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _recorded(self) -> Path:
        """Where the classes of this run are written; beside the archive, so that taking its place is one step."""
        assert self._archive is not None  # noqa: S101 - set before the first use
        return self._archive.with_name(f"classes-{self._port}.jsa")

    @property
    def _log(self) -> Path:
        return self._folder / "broker.log"

    def _write_files(self) -> None:
        data = self._folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        settings = {
            **_SETTINGS,
            "controller.quorum.voters": f"1@{_HOST}:{self._controller_port}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{_HOST}:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "log.dirs": str(data),
            **self._settings,
        }
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        meta = data / "meta.properties"
        if not meta.exists():
            # What `kafka-storage format` writes, without another virtual machine to wait for.
            lines = ("version=1", f"cluster.id={_CLUSTER_ID}", "node.id=1", f"directory.id={_CLUSTER_ID}")
            meta.write_text("\n".join(lines) + "\n")

    async def _ready(self, until_s: float) -> None:
        while True:
            if self.pid is None:
                raise NoBroker(f"the broker ended: {self._tail()}")
            if await _answers(self.bootstrap):
                return
            if time.monotonic() > until_s:
                await self.kill()
                raise NoBroker(f"the broker did not come up in time: {self._tail()}")
            await asyncio.sleep(_POLL_S)

    async def _end(self, how: signal.Signals) -> None:
        self._signal(how)
        until_s = time.monotonic() + _STOP_WAIT_S
        while self.pid is not None:
            if time.monotonic() > until_s:
                self._signal(signal.SIGKILL)
            await asyncio.sleep(_POLL_S)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-_LOG_TAIL_CHARS:]


async def _answers(bootstrap: str) -> bool:
    if not await asyncio.to_thread(_listens, bootstrap):
        return False  # asking the client would only fill the log with its complaints
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        cluster = await admin.describe_cluster()
        return bool(cluster["brokers"]) and cluster["controller_id"] >= 0
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()


def _listens(bootstrap: str) -> bool:
    host, port = bootstrap.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _dies_with_us() -> list[str]:
    """Return the words before the command that end the broker when its parent is killed, where the system has them."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []
