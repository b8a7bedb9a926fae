"""The home that is moved into: topics on Kafka, and databases on PostgreSQL."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from sqlalchemy import MetaData

from hub.app.homes import declared, refuse_store_ahead
from hub.app.kinship import Kinship
from hub.errors import ConfigInvalid
from hub.log.kafka.log import KafkaLog
from hub.log.kafka.replica import KafkaReplica
from hub.log.kafka.topics import ensure_topics
from hub.ports import Clock
from hub.settings import HubSection
from hub.settings.address import Address
from hub.store.arrival import Arrival, SqlArrival
from hub.store.kinship import SqlKinship
from hub.store.postgres.bulk import PostgresTables
from hub.store.postgres.database import PostgresDatabase
from hub.store.projection import SqlProjection
from hub.store.tables import KEYS, STORE


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the new home is."""

    log: Address
    store: Address
    keys: Address


@dataclass(frozen=True, slots=True)
class Target:
    """A home on Kafka and PostgreSQL, which is nobody's yet or is being filled."""

    hub: HubSection
    addresses: Addresses
    log: KafkaReplica
    store: PostgresDatabase
    keys: PostgresDatabase

    @property
    def arrivals(self) -> tuple[SqlArrival, SqlArrival]:
        """What store and keys know of the move."""
        return SqlArrival(self.store), SqlArrival(self.keys)

    async def claim(self, wanted: Arrival) -> None:
        """Make both databases this move's. ConfigInvalid when they are not empty, or another's."""
        for arrival, schema in zip(self.arrivals, (STORE, KEYS), strict=True):
            await arrival.begin(wanted, schema.sorted_tables)

    async def require_empty(self) -> None:
        """ConfigInvalid when a topic holds, or ever held, a record."""
        for topic, count in declared(self.hub).items():
            for partition in range(count):
                if (await self.log.bounds((topic, partition))).end:
                    raise ConfigInvalid(
                        f"the topic {topic} of the target holds records, and its store knows nothing of this move: "
                        "name a Kafka whose topics are empty, or remove those of a move that was given up"
                    )

    async def tables(self, schema: MetaData, stack: AsyncExitStack) -> PostgresTables:
        """Open a connection for whole tables; it goes with the stack."""
        address = self.addresses.store if schema is STORE else self.addresses.keys
        tables = await PostgresTables.open(address.url, schema)
        stack.push_async_callback(tables.aclose)
        return tables

    async def require_kin(self, clock: Clock) -> None:
        """Check, as every start does, that log and store belong together. Errors: ConfigInvalid."""
        log = await KafkaLog.open(self.addresses.log.bootstrap, declared(self.hub), clock)
        try:
            await refuse_store_ahead(log, SqlProjection(self.store))
            await Kinship(log, SqlKinship(self.store), clock).require()
        finally:
            await log.aclose()


async def open_target(hub: HubSection, addresses: Addresses, clock: Clock, stack: AsyncExitStack) -> Target:
    """Make what is missing, as `hub topics --create` and a first start do, and connect.

    Errors: Unavailable, ConfigInvalid (topics, rights or settings do not do; a newer version of the hub was there).
    """
    await ensure_topics(addresses.log.bootstrap, declared(hub), hub.kafka.profile)
    log = await KafkaReplica.open(addresses.log.bootstrap, declared(hub), clock)
    stack.push_async_callback(log.aclose)
    store = await PostgresDatabase.open(addresses.store.url, STORE)
    stack.push_async_callback(store.aclose)
    keys = await PostgresDatabase.open(addresses.keys.url, KEYS)
    stack.push_async_callback(keys.aclose)
    return Target(hub, addresses, log, store, keys)
