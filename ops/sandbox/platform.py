"""What a platform must offer to be put behind the doors of a sandbox."""

from collections.abc import Mapping
from typing import Protocol

from ops.sandbox.exchange import Reply, Request
from ops.sandbox.fault import Call, Twist
from ops.sandbox.ledger import Row


class NotOffered(Exception):
    """The platform has no such thing, or not in that form; the text says what it has."""


class Platform(Protocol):
    """One platform: pure but for its ledger. `act` of a call runs in one piece, so effects never interleave."""

    name: str
    body_bytes_max: int
    twists: Mapping[str, Twist]
    """The faults that only this platform knows, with the calls that they can strike."""

    def restore(self, row: Row) -> None:
        """Take in one row that was written before a restart."""

    def read(self, request: Request) -> Call:
        """Understand a request; a request that makes no sense becomes a call whose act is the refusal."""

    def too_large(self) -> Reply:
        """Refuse a body over `body_bytes_max`."""

    def firewall_page(self) -> Reply:
        """Answer as a firewall before the platform would."""

    def expire_sessions(self) -> int:
        """Forget all sessions and return how many there were. NotOffered when there are none by design."""

    def rotate(self, credentials: Mapping[str, str]) -> None:
        """Change the credentials that clients must show. NotOffered when they have other names."""

    def tamper(self, order: str, key: str, fields: Mapping[str, str]) -> None:
        """Change what is held about a key, as accidents do. NotOffered when it holds nothing that it would show."""

    def state(self) -> dict[str, object]:
        """Return what the control port shows of the platform."""

    def refusals(self) -> dict[str, int]:
        """Return how many requests were refused, by reason, since the start."""
