"""How long a member may be certain of its partitions: a pure decision.

The group gives a member's partitions away when it heard no heartbeat for the session, or when the member did not let
go within the rebalance. A heartbeat that was answered had not reached the group before it was sent, so all times count
from the sending.
"""

from math import inf


class Lease:
    """The certainty of one member. Times are monotonic seconds of this process."""

    def __init__(self, session_s: float, rebalance_s: float, margin_s: float) -> None:
        self._session_s = session_s - margin_s
        self._rebalance_s = rebalance_s - margin_s
        self._heard_s = -inf
        self._settled_s = -inf

    def confirm(self, sent_s: float, *, rebalancing: bool) -> None:
        """The group acknowledged what was sent at that time; it may already be asking members to let go."""
        self._heard_s = max(self._heard_s, sent_s)
        if not rebalancing:
            self._settled_s = max(self._settled_s, sent_s)

    def lose(self) -> None:
        """The group does not know the member any more."""
        self._heard_s = self._settled_s = -inf

    def certain(self, now_s: float) -> bool:
        """Whether the group cannot have given the partitions away yet."""
        return now_s < self._heard_s + self._session_s and now_s < self._settled_s + self._rebalance_s
