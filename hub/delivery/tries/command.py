"""A command record, opened."""

from hub.pipeline.commands import opened, read_header
from hub.ports import Keys
from hub.sealing import seal
from schemas.dossier import DossierSubmission
from schemas.ruling import RulingBody

__all__ = ["open_ruling", "open_submission", "read_header", "with_submission"]


async def open_submission(value: bytes, key_id: str, keys: Keys) -> DossierSubmission:
    """Return what the sender submitted. Unsealable when the key is gone or the bytes were changed."""
    return opened(DossierSubmission, value, await keys.key(key_id))


async def open_ruling(value: bytes, key_id: str, keys: Keys) -> RulingBody:
    """Return the sealed part of a ruling. Unsealable when the key is gone or the bytes were changed."""
    return opened(RulingBody, value, await keys.key(key_id))


async def with_submission(header: bytes, key_id: str, submission: DossierSubmission, keys: Keys) -> bytes:
    """Return a command with this header and another submission. Unsealable when the key is gone."""
    return seal(header, submission.model_dump_json(exclude_defaults=True).encode(), await keys.key(key_id)).to_bytes()
