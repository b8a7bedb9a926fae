"""Data keys in memory."""

import os

from hub.errors import Unsealable


class MemoryKeys:
    """The `Keys` port in memory."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._keys: dict[str, bytes] = {}

    async def key_for(self, subject: str) -> tuple[str, bytes]:
        """As the port."""
        if subject not in self._ids:
            self._ids[subject] = os.urandom(8).hex()
            self._keys[self._ids[subject]] = os.urandom(32)
        return self._ids[subject], self._keys[self._ids[subject]]

    async def key(self, key_id: str) -> bytes:
        """As the port."""
        if key_id not in self._keys:
            raise Unsealable("no such key")
        return self._keys[key_id]

    def destroy(self, key_id: str) -> None:
        """Forget a key, as erasure does."""
        del self._keys[key_id]
