"""Text as the hub keeps it: NFC, without control characters, bounded."""

import unicodedata
from typing import Annotated

from pydantic import BeforeValidator, Field

_BREAKS = frozenset("\n\r\t")


def _normalised(value: object, *, breaks: frozenset[str]) -> object:
    """Return NFC text, or raise ValueError for control characters and surrogates; other types pass to pydantic."""
    if not isinstance(value, str):
        return value
    if not value.isprintable():
        # Control characters and surrogates are among what does not print; so are some harmless blanks.
        for char in value:
            if unicodedata.category(char) in ("Cc", "Cs") and char not in breaks:
                raise ValueError("control_character")
    return value if value.isascii() else unicodedata.normalize("NFC", value)


def line(value: object) -> object:
    """Normalise one line of text: no breaks, no blanks at the ends."""
    if isinstance(value, str) and value.isascii() and value.isprintable():
        return value.strip()
    value = _normalised(value, breaks=frozenset())
    return value.strip() if isinstance(value, str) else value


def prose(value: object) -> object:
    """Normalise text of several lines."""
    value = _normalised(value, breaks=_BREAKS)
    return value.strip() if isinstance(value, str) else value


Name = Annotated[str, BeforeValidator(line), Field(min_length=1, max_length=200)]
"""A name of a person, unit or thing."""

Title = Annotated[str, BeforeValidator(line), Field(min_length=1, max_length=1000)]
"""One long line, such as a procedure's name or a dossier's summary."""

Note = Annotated[str, BeforeValidator(prose), Field(max_length=4000)]
"""Free text of several lines; may be empty."""

Token = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:\-]+$")]
"""An identifier that a machine made."""
