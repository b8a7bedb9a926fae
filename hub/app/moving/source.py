"""The home that moves out: its log, store and keys, which nobody else uses meanwhile."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from hub.app.homes import declared
from hub.app.moving.mark import MarkFile
from hub.errors import ConfigInvalid
from hub.log.sqlite.log import SqliteLog
from hub.ports import Bounds, Clock
from hub.settings import HubSection
from hub.store.keys import SqlKeys
from hub.store.kinship import SqlKinship
from hub.store.sqlite.database import SqliteDatabase
from hub.store.tables import KEYS, STORE


@dataclass(frozen=True, slots=True)
class Source:
    """An embedded home. The lock of its log keeps every other process away."""

    log: SqliteLog
    store: SqliteDatabase
    keys: SqliteDatabase
    mark: MarkFile
    places: tuple[tuple[str, int], ...]

    async def bounds(self) -> dict[tuple[str, int], Bounds]:
        """Return what each partition holds."""
        return {place: await self.log.bounds(*place) for place in self.places}

    async def name(self) -> str:
        """Return the name that the store has in the log."""
        return (await SqlKinship(self.store).last()).store_id


async def open_source(hub: HubSection, clock: Clock, stack: AsyncExitStack) -> Source:
    """Open what the configuration names, bring it up to this version, and check that the master key fits.

    Errors: Unavailable (a process of the hub runs, or the disk fails), ConfigInvalid (no home there, or not embedded).
    """
    _require_embedded(hub)
    topics = declared(hub)
    log = await SqliteLog.open(hub.file(hub.log), topics, clock)
    stack.push_async_callback(log.aclose)
    store = await SqliteDatabase.open(hub.file(hub.store), STORE)
    stack.push_async_callback(store.aclose)
    keys = await SqliteDatabase.open(hub.file(hub.keys), KEYS)
    stack.push_async_callback(keys.aclose)
    await SqlKeys.open(keys, hub.secrets.master_key.get_secret_value())
    places = tuple((topic, partition) for topic, count in topics.items() for partition in range(count))
    return Source(log, store, keys, MarkFile(hub.file(hub.log)), places)


def _require_embedded(hub: HubSection) -> None:
    for address in (hub.log, hub.store, hub.keys):
        if not address.embedded:
            raise ConfigInvalid(
                f"the configuration names {address}: hub migrate begins at the files of one machine, and takes the new "
                "addresses as --log and --store; unset HUB_LOG, HUB_STORE and HUB_KEYS"
            )
        if not hub.file(address).is_file():
            raise ConfigInvalid(f"{hub.file(address)}: there is no such file, so there is nothing to move")
