"""Where log and store of a site are, so that one scenario is played in both homes.

Import the fixture where it is needed: `from tests.e2e.homes import home, postgres`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from hub.app.homes import declared
from hub.log.kafka.topics import ensure_topics
from hub.settings import load
from hub.settings.sections import Profile
from tests.contracts.kafka_broker import Kafka
from tests.contracts.postgres_server import PostgresServer, postgres
from tests.e2e.installation import Installed

__all__ = ["EMBEDDED", "Embedded", "Home", "Shared", "home", "postgres"]

_SESSION_S = 6
"""A worker that was killed holds its partitions for so long."""
_WORKERS = 2


@dataclass(frozen=True, slots=True)
class Embedded:
    """Files of one machine, and one process."""

    workers: int = 0

    async def changes(self) -> Mapping[str, str]:
        """Return what `hub.yaml` says differently."""
        return {}

    async def furnish(self, installed: Installed) -> None:
        """Prepare what must be there before a hub starts."""


@dataclass(frozen=True, slots=True)
class Shared:
    """Kafka and PostgreSQL, with a process that keeps the door and others that work."""

    kafka: Kafka
    server: PostgresServer
    workers: int = field(default=_WORKERS)

    async def changes(self) -> Mapping[str, str]:
        """Return what `hub.yaml` says differently: a broker, and a database of its own."""
        store = await asyncio.to_thread(self.server.create)
        homes = {"log": f"kafka://{self.kafka.bootstrap}", "store": store, "keys": store}
        return {**homes, "profile": "demo", "session_timeout_s": f"{_SESSION_S}"}

    async def furnish(self, installed: Installed) -> None:
        """Make the topics, after removing what another test left under their names."""
        topics = declared(load(installed.folder, environ={}).hub)
        await self.kafka.remove(topics)
        await ensure_topics(self.kafka.bootstrap, topics, Profile.DEMO)


Home = Embedded | Shared
EMBEDDED = Embedded()


@pytest.fixture(params=["embedded", "shared"])
def home(request: pytest.FixtureRequest) -> Home:
    """One home after the other."""
    if request.param == "embedded":
        return EMBEDDED
    return Shared(request.getfixturevalue("kafka"), request.getfixturevalue("postgres"))
