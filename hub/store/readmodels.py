"""What people ask the hub, answered from the projected rows."""

from collections.abc import Awaitable, Callable, Iterable

from sqlalchemy import Connection, select

from hub.errors import Unsealable
from hub.store import tables, tally
from hub.store.database import Database
from hub.store.timeline import Reasons, dossier_rows, timeline
from schemas.timeline import Overview, Timeline

_message = tables.message.c

Unseal = Callable[[bytes], Awaitable[str]]
"""Opens the envelope of an outcome and returns what the platform said. Errors: Unsealable."""


class SqlReadModels:
    """The `ReadModels` port. Without `unseal`, timelines tell no reasons."""

    def __init__(self, database: Database, unseal: Unseal | None = None) -> None:
        self._database = database
        self._unseal = unseal

    async def overview(self) -> Overview:
        """See `ReadModels.overview`."""
        return await self._database.read(tally.overview)

    async def timeline(self, ordering_key: str) -> Timeline | None:
        """See `ReadModels.timeline`. A reason whose key was destroyed is left out."""
        rows = await self._database.read(lambda connection: dossier_rows(connection, ordering_key))
        return None if rows is None else timeline(ordering_key, rows, await self._reasons(rows.sealed))

    async def sender_of(self, message_id: str) -> tuple[str, str] | None:
        """See `ReadModels.sender_of`."""
        return await self._database.read(lambda connection: sender_of(connection, message_id))

    async def first_offset(self, message_id: str) -> int | None:
        """See `ReadModels.first_offset`."""
        return await self._database.read(lambda connection: first_offset(connection, message_id))

    async def _reasons(self, envelopes: Iterable[bytes]) -> Reasons:
        if self._unseal is None:
            return {}
        reasons = {}
        for envelope in envelopes:
            try:
                reasons[envelope] = await self._unseal(envelope)
            except Unsealable:
                continue
        return reasons


def sender_of(connection: Connection, message_id: str) -> tuple[str, str] | None:
    """Return (agency, ordering key) of a message that was seen in the log."""
    wanted = select(_message.sender_agency, _message.ordering_key).where(_message.message_id == message_id)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else (row.sender_agency, row.ordering_key)


def first_offset(connection: Connection, message_id: str) -> int | None:
    """Return the offset of the first record of a message that was seen in the log."""
    return connection.execute(select(_message.offset).where(_message.message_id == message_id)).scalar()
