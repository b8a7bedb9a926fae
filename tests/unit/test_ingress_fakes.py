"""The fakes behind the door keep the promises of the ports that they stand for."""

import pytest

from hub.ports import Inbox, Keys, Projection
from tests.contracts.store_suite import InboxContract, KeysContract
from tests.fakes.inbox import MemoryInbox
from tests.fakes.keys import MemoryKeys


class TestInbox(InboxContract):
    """The inbox in memory; it learns what the log holds by itself."""

    @pytest.fixture
    def memory(self) -> MemoryInbox:
        """An empty inbox."""
        return MemoryInbox()

    @pytest.fixture
    def inbox(self, memory: MemoryInbox) -> Inbox:
        """The inbox."""
        return memory

    @pytest.fixture
    def projection(self, memory: MemoryInbox) -> Projection:
        """The inbox again."""
        return memory


class TestKeys(KeysContract):
    """Keys in memory."""

    @pytest.fixture
    def keys(self) -> Keys:
        """No keys yet."""
        return MemoryKeys()
