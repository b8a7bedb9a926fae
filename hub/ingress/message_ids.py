"""Message ids, made one after the other."""

import os
from collections.abc import Callable

from hub.pipeline.message_ids import RANDOM_BITS, SEQUENCE_BITS, message_id
from hub.ports import Clock


class MessageIds:
    """Makes ids that rise within the process, even when the clock goes back."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._clock = clock
        self._random_bytes = random_bytes
        self._ticks = 0

    def make(self) -> str:
        """Return the next id."""
        # Milliseconds and a sequence number are one counter: more than 4096 ids in one millisecond borrow the next.
        now = int(self._clock.now().timestamp() * 1000) << SEQUENCE_BITS
        self._ticks = max(self._ticks + 1, now)
        milliseconds, sequence = self._ticks >> SEQUENCE_BITS, self._ticks & ((1 << SEQUENCE_BITS) - 1)
        random = int.from_bytes(self._random_bytes(8), "big") >> (64 - RANDOM_BITS)
        return message_id(milliseconds, sequence, random)
