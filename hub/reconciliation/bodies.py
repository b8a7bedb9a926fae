"""What was sent, read from the log again: the submission of a message, or the corrected one of a later ruling."""

from hub.errors import Unsealable
from hub.pipeline.commands import opened, read_header
from hub.ports import Delivered, DossierFacts, Keys, Log
from schemas.delivery import CommandHeader, MessageKind
from schemas.dossier import DossierSubmission
from schemas.ruling import RulingBody
from schemas.topics import COMMANDS


class Bodies:
    """Opens commands. What the log has let go of, and what nobody can open any more, is not there."""

    def __init__(self, log: Log, keys: Keys) -> None:
        self._log = log
        self._keys = keys

    async def sent(self, facts: DossierFacts, delivered: Delivered) -> DossierSubmission | None:
        """Return what was sent for a delivery: what the newest ruling about it says, or else what its sender said.

        None when the hub can no longer read it. Errors: those of log and keys.
        """
        for partition, offset in (*facts.rulings, (delivered.partition, delivered.offset)):
            body = await self._submission(partition, offset, delivered)
            if body is not None:
                return body
        return None

    async def _submission(self, partition: int, offset: int, delivered: Delivered) -> DossierSubmission | None:
        records = await self._log.read(COMMANDS, partition, offset, 1)
        if not records or records[0].offset != offset:
            return None
        try:
            header = read_header(records[0].value)
            if not _concerns(header, delivered):
                return None
            return _submission(header, records[0].value, await self._keys.key(header.key_id))
        except Unsealable:
            return None


def _concerns(header: CommandHeader, delivered: Delivered) -> bool:
    """Whether a record is the delivery's message, or a ruling about what its message owes to the platform."""
    if header.ruling is None:
        return header.message_id == delivered.id.message_id
    return (header.ruling.message_id, header.ruling.platform) == (delivered.id.message_id, delivered.platform)


def _submission(header: CommandHeader, value: bytes, key: bytes) -> DossierSubmission | None:
    if header.kind == MessageKind.RULING:
        return opened(RulingBody, value, key).submission
    return opened(DossierSubmission, value, key)
