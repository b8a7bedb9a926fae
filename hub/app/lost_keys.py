"""Whether the key store is as new as the log: a key is durable before anything that it seals."""

from collections.abc import AsyncIterator
from contextlib import suppress

from hub.app.newest import newest
from hub.errors import ConfigInvalid, Unsealable
from hub.pipeline.commands import read_header
from hub.ports import Log
from hub.store.keys import SqlKeys
from schemas.topics import COMMANDS

_NEWEST_RECORDS = 200
"""How many messages at the end of each partition are looked at; one of a dossier that is newer than the copy tells."""


async def refuse_lost_keys(log: Log, keys: SqlKeys) -> None:
    """ConfigInvalid, with advice, when the newest messages have keys that this key store never made."""
    if lost := await lost_keys(log, keys):
        raise ConfigInvalid(
            f"{COMMANDS} ends with messages that have {len(lost)} keys which the key store does not know: they do not "
            "belong together. Restore log, store and keys from the same copy; or, when these keys are gone for good, "
            "give up what they seal: hub adopt --config <this folder>"
        )


async def lost_keys(log: Log, keys: SqlKeys) -> frozenset[str]:
    """Return the ids of keys that seal one of the newest messages and were never made in this key store."""
    return frozenset(await keys.unknown({key_id async for key_id in _key_ids(log)}))


async def _key_ids(log: Log) -> AsyncIterator[str]:
    """Name the key of each of the newest messages that can be read."""
    async for record in newest(log, COMMANDS, _NEWEST_RECORDS):
        with suppress(Unsealable):
            yield read_header(record.value).key_id
