"""The form of message ids: UUID version 7 (RFC 9562), which sort by the time at which they were made."""

import re
from uuid import UUID

SEQUENCE_BITS = 12
"""What stands behind the milliseconds, and orders the ids of one of them where somebody counts."""
RANDOM_BITS = 62

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def message_id(milliseconds: int, sequence: int, random: int) -> str:
    """Return the id with this Unix time, `SEQUENCE_BITS` and `RANDOM_BITS`."""
    return str(UUID(int=milliseconds << 80 | 7 << 76 | sequence << 64 | 0b10 << RANDOM_BITS | random))


def is_message_id(text: str) -> bool:
    """Whether the text has the form of a message id."""
    return _ID.fullmatch(text) is not None
