"""The two ways to run Faust: over the `Log` port in one process, and over Kafka in as many as one likes."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any, Protocol

from faust import App
from faust.auth import Credentials, SASLCredentials, SSLCredentials

from hub.ports import Log
from hub.streams.transport import LOG_URL, KafkaTransport, LogTransport

_COMMIT_EVERY_S = 2.0
_SESSION_S = 15.0
_TOPICS_KNOWN_S = 10.0
"""How old the leader's knowledge of topics may be. One that shares out partitions while a broker comes up may be told
of none; then nobody has any, until the leader asks again."""
_NO_FOLDER = "/nonexistent"


class Engine(Protocol):
    """Makes applications; one that fell is not started again.

    A processor takes up to `take_chunks` at a time, or fewer after `take_within_s`.
    """

    @property
    def take_chunks(self) -> int:
        """How many chunks make a batch."""

    @property
    def take_within_s(self) -> float:
        """How long an incomplete batch waits."""

    def new_app(self) -> App:
        """Make one."""

    def held(self, app: App, topic: str) -> Collection[int]:
        """Return the partitions of a topic that this process has to keep up with."""


@dataclass(frozen=True, slots=True)
class LogEngine:
    """Over the `Log` port. This process has every partition and is the leader. A chunk is a batch of its own."""

    log: Log
    name: str = "hub-streams"
    take_chunks: int = 1
    take_within_s: float = 1.0

    def new_app(self) -> App:
        """As the protocol."""
        app = _new_app(self.name, str(LOG_URL), buffer_chunks=2)
        app.transport = app.producer_transport = LogTransport(app, self.log)
        return app

    def held(self, app: App, topic: str) -> Collection[int]:  # noqa: ARG002 - every application holds everything
        """As the protocol."""
        return range(self.log.partitions(topic))


@dataclass(frozen=True, slots=True)
class KafkaEngine:
    """Over Kafka, as one member of the group `name`. `servers` are host:port, comma-separated.

    `replication` is that of the topic by which Faust elects its leader; Faust makes it, when it may. `tls` and the
    SASL `mechanism` with `user` and `password` say how the brokers are reached.
    """

    servers: str
    replication: int
    name: str = "hub-streams"
    tls: SSLContext | None = None
    mechanism: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    take_chunks: int = 8
    take_within_s: float = 0.2

    def new_app(self) -> App:
        """As the protocol."""
        urls = ";".join(f"kafka://{server.strip()}" for server in self.servers.split(","))
        app = _new_app(
            self.name,
            urls,
            buffer_chunks=8,
            topic_replication_factor=self.replication,
            broker_credentials=self._credentials(),
            broker_session_timeout=_SESSION_S,
            consumer_metadata_max_age_ms=int(_TOPICS_KNOWN_S * 1000),
        )
        app.transport = KafkaTransport(app.conf.broker_consumer, app)
        return app

    def held(self, app: App, topic: str) -> Collection[int]:
        """As the protocol."""
        return {tp.partition for tp in app.consumer.assignment() if tp.topic == topic}

    def _credentials(self) -> Credentials | None:
        if self.mechanism:
            return SASLCredentials(
                username=self.user, password=self.password, ssl_context=self.tls, mechanism=self.mechanism
            )
        return SSLCredentials(self.tls) if self.tls else None


class _App(App):
    """Faust makes folders for tables when it starts; there are no tables."""

    async def on_first_start(self) -> None:
        """Make nothing."""


def _new_app(name: str, broker: str, *, buffer_chunks: int, **settings: Any) -> App:
    """Make a quiet application: no web server, no folder, nothing from the environment."""
    return _App(
        name,
        broker=broker,
        broker_client_id=name,
        broker_commit_interval=_COMMIT_EVERY_S,
        processing_guarantee="at_least_once",
        stream_wait_empty=False,
        stream_buffer_maxsize=buffer_chunks,
        web_enabled=False,
        datadir=_NO_FOLDER,
        env={},
        **settings,
    )
