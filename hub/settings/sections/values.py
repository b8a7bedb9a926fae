"""Values that several sections have."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, SecretBytes

_Entry = TypeVar("_Entry")
_KEY_BYTES = 32


def _key(secret: SecretBytes) -> SecretBytes:
    try:
        key = bytes.fromhex(secret.get_secret_value().decode())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError(f"must be {2 * _KEY_BYTES} hexadecimal digits")
    return SecretBytes(key)


def some(entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
    """Return the entries. ValueError when there are none."""
    if not entries:
        raise ValueError("must not be empty")
    return entries


Key = Annotated[SecretBytes, AfterValidator(_key)]
"""A key of 32 bytes, written as 64 hexadecimal digits."""

Seconds = Annotated[float, Field(gt=0, le=86400)]
Days = Annotated[int, Field(ge=1, le=36_500)]
