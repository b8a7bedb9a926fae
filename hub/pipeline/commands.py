"""Reading envelopes: the clear header, and what is sealed below it."""

from typing import TypeVar

from hub.errors import Unsealable
from hub.sealing import unseal
from schemas.delivery import CommandHeader
from schemas.envelope import Envelope
from schemas.model import Model

AnyModel = TypeVar("AnyModel", bound=Model)


def read_header(value: bytes) -> CommandHeader:
    """Return the clear header of a command. Unsealable when the bytes are no command."""
    return stated(CommandHeader, value)


def stated(model: type[AnyModel], value: bytes) -> AnyModel:
    """Return the clear header of an envelope. Unsealable when it is something else."""
    try:
        return model.model_validate_json(Envelope.from_bytes(value).header)
    except ValueError:  # of the envelope, or a ValidationError
        raise Unsealable(f"not a {model.__name__}") from None


def opened(model: type[AnyModel], value: bytes, key: bytes) -> AnyModel:
    """Return what is sealed in an envelope. Unsealable when the key does not open it, or it is something else."""
    try:
        return model.model_validate_json(unseal(Envelope.from_bytes(value), key))
    except ValueError:  # of the envelope, or a ValidationError
        raise Unsealable(f"not a {model.__name__}") from None
