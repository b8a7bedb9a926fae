"""What the hub keeps: log, store and keys, opened and closed together, wherever the configuration says they are."""

import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import MetaData

from hub.app.heard import HeardParking
from hub.app.kinship import Kinship
from hub.app.lost_keys import refuse_lost_keys
from hub.app.moving.mark import MarkFile
from hub.app.seams import Seams
from hub.errors import ConfigInvalid, Unavailable
from hub.log.sqlite.log import SqliteLog
from hub.ports import Log, Parking, Trimming
from hub.sealing import unseal
from hub.settings import HubSection
from hub.settings.address import Address
from hub.store.arrival import require_arrived
from hub.store.database import Database
from hub.store.inbox import SqlInbox
from hub.store.keys import SqlKeys
from hub.store.kinship import SqlKinship
from hub.store.projection import SqlProjection
from hub.store.readmodels import SqlReadModels
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import KEYS, STORE
from schemas.delivery import OutcomeHeader
from schemas.envelope import Envelope
from schemas.topics import AUDIT, COMMANDS, CONTROL, EVENTS, OUTCOMES

TOPICS = (COMMANDS, OUTCOMES, AUDIT)


@dataclass(frozen=True, slots=True)
class Homes:
    """What lasts."""

    log: Log
    trimming: Trimming
    store: Database
    inbox: SqlInbox
    keys: SqlKeys
    parking: Parking
    projection: SqlProjection
    read_models: SqlReadModels
    kinship: Kinship


def declared(hub: HubSection) -> dict[str, int]:
    """Return the topics of a hub and their numbers of partitions."""
    return dict.fromkeys((*TOPICS, EVENTS, CONTROL), hub.limits.partitions)


async def open_homes(hub: HubSection, seams: Seams, stack: AsyncExitStack, name: str = "") -> Homes:
    """Open everything, as the process of that name on this machine. Errors: Unavailable, ConfigInvalid."""
    _make_folder(hub.home)
    own_log, trimming = await _open_log(hub, seams, name)
    stack.push_async_callback(own_log.aclose)
    if hub.log.embedded:
        MarkFile(hub.file(hub.log)).require_home()
    store = await _open_database(hub, hub.store, STORE)
    stack.push_async_callback(store.aclose)
    await require_arrived(store)
    # What is accepted does not queue behind the batches of the projections, where the database takes both at a time.
    accepting = store if hub.store.embedded else await _open_database(hub, hub.store, STORE)
    if accepting is not store:
        stack.push_async_callback(accepting.aclose)
    key_store = await _open_database(hub, hub.keys, KEYS)
    stack.push_async_callback(key_store.aclose)
    kinship = Kinship(own_log, SqlKinship(store), seams.clock)
    keys = await SqlKeys.open(key_store, hub.secrets.master_key.get_secret_value())
    return Homes(
        log=seams.log(own_log),
        trimming=trimming,
        store=store,
        inbox=SqlInbox(accepting),
        keys=keys,
        parking=seams.parking(HeardParking(store, kinship)),
        projection=SqlProjection(store),
        read_models=SqlReadModels(store, _Reasons(keys).unseal),
        kinship=kinship,
    )


async def _open_log(hub: HubSection, seams: Seams, name: str) -> tuple[Log, Trimming]:
    topics = declared(hub)
    if hub.log.embedded:
        embedded = await SqliteLog.open(hub.file(hub.log), topics, seams.clock)
        return embedded, embedded
    # Imported where it is used: an embedded hub starts without the client of Kafka.
    from hub.log.kafka.limits import KafkaLimits  # noqa: PLC0415 - see above
    from hub.log.kafka.log import KafkaLog  # noqa: PLC0415 - see above
    from hub.log.kafka.trim import KafkaTrimming  # noqa: PLC0415 - see above

    limits = KafkaLimits.of(hub.kafka.session_timeout_s, hub.deadlines.drain_s)
    member = f"{socket.gethostname()}.{name}" if name and hub.kafka.static_members else None
    shared = await KafkaLog.open(hub.log.bootstrap, topics, seams.clock, limits, member=member)
    return shared, KafkaTrimming(hub.log.bootstrap, shared)


async def _open_database(hub: HubSection, address: Address, schema: MetaData) -> Database:
    if address.embedded:
        return await SqliteDatabase.open(hub.file(address), schema)
    # Imported where it is used: an embedded hub starts without the driver of PostgreSQL.
    from hub.store.postgres.database import PostgresDatabase  # noqa: PLC0415 - see above

    return await PostgresDatabase.open(address.url, schema)


def _make_folder(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(f"{home}: {error.strerror}") from None


async def require_kin(homes: Homes) -> None:
    """ConfigInvalid, with advice, when log, store and keys are copies of different days."""
    await refuse_store_ahead(homes.log, homes.projection)
    await refuse_lost_keys(homes.log, homes.keys)
    await homes.kinship.require()


async def refuse_store_ahead(log: Log, projection: SqlProjection) -> None:
    """A store that has seen more than the log holds was not made with it: one of the two is a restored copy."""
    for (topic, partition), offset in (await projection.ends()).items():
        end = (await log.bounds(topic, partition)).end
        if offset > end:
            raise ConfigInvalid(
                f"the store has seen offset {offset} of {topic}/{partition}, the log ends at {end}: they do not belong "
                "together. Restore log, store and keys from the same copy"
            )


class _Reasons:
    """Opens what platforms said, for timelines."""

    def __init__(self, keys: SqlKeys) -> None:
        self._keys = keys

    async def unseal(self, value: bytes) -> str:
        """Return the text of an outcome."""
        envelope = Envelope.from_bytes(value)
        header = OutcomeHeader.model_validate_json(envelope.header)
        return unseal(envelope, await self._keys.key(header.key_id)).decode()
