"""A command record, opened."""

from pydantic import ValidationError

from hub.errors import Unsealable
from hub.ports import Keys
from hub.sealing import seal, unseal
from schemas.delivery import CommandHeader
from schemas.dossier import DossierSubmission
from schemas.envelope import Envelope
from schemas.ruling import RulingBody


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


async def open_ruling(value: bytes, key_id: str, keys: Keys) -> RulingBody:
    """Return the sealed part of a ruling. Unsealable when the key is gone or the bytes were changed."""
    body = unseal(Envelope.from_bytes(value), await keys.key(key_id))
    try:
        return RulingBody.model_validate_json(body)
    except ValidationError:
        raise Unsealable("not a ruling") from None


async def with_submission(header: bytes, key_id: str, submission: DossierSubmission, keys: Keys) -> bytes:
    """Return a command with this header and another submission. Unsealable when the key is gone."""
    return seal(header, submission.model_dump_json(exclude_defaults=True).encode(), await keys.key(key_id)).to_bytes()
