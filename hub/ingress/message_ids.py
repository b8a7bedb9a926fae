"""Message ids: UUID version 7 (RFC 9562), so that ids sort by the time at which they were made."""

import os
import re
from collections.abc import Callable
from uuid import UUID

from hub.ports import Clock

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_SEQUENCE_BITS = 12
_RANDOM_BITS = 62


class MessageIds:
    """Makes ids that rise within the process, even when the clock goes back."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._ticks = 0

    def make(self) -> str:
        """Return the next id."""
        # Milliseconds and a sequence number are one counter: more than 4096 ids in one millisecond borrow the next.
        now = int(self._clock.now().timestamp() * 1000) << _SEQUENCE_BITS
        self._ticks = max(self._ticks + 1, now)
        milliseconds, sequence = self._ticks >> _SEQUENCE_BITS, self._ticks & ((1 << _SEQUENCE_BITS) - 1)
        random = int.from_bytes(self._random_bytes(8), "big") >> (64 - _RANDOM_BITS)
        return str(UUID(int=milliseconds << 80 | 7 << 76 | sequence << 64 | 0b10 << 62 | random))


def is_message_id(text: str) -> bool:
    """Whether the text has the form of a message id."""
    return _ID.fullmatch(text) is not None
