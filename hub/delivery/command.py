"""A command record, opened."""

from pydantic import ValidationError

from hub.errors import Unsealable
from hub.ports import Keys
from hub.sealing import unseal
from schemas.delivery import CommandHeader
from schemas.dossier import DossierSubmission
from schemas.envelope import Envelope


def read_header(value: bytes) -> CommandHeader:
    """Return the clear header of a command. Unsealable when the bytes are no command."""
    try:
        return CommandHeader.model_validate_json(Envelope.from_bytes(value).header)
    except (ValidationError, ValueError):
        raise Unsealable("not a command") from None


async def open_submission(value: bytes, key_id: str, keys: Keys) -> DossierSubmission:
    """Return what the sender submitted. Unsealable when the key is gone or the bytes were changed."""
    body = unseal(Envelope.from_bytes(value), await keys.key(key_id))
    try:
        return DossierSubmission.model_validate_json(body)
    except ValidationError:
        raise Unsealable("not a submission") from None
