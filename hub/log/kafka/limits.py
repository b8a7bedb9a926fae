"""The bounds of a log on Kafka."""

from dataclasses import dataclass
from typing import Self

from hub.errors import ConfigInvalid

_MIB = 1024 * 1024
_AFTER_DRAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class KafkaLimits:
    """The bounds of a log on Kafka. ConfigInvalid when they contradict each other."""

    pending_max: int = 10_000
    """Appends that may wait for the brokers; past it, Overloaded."""
    pending_bytes_max: int = 64 * _MIB
    """What those appends may weigh."""
    record_bytes_max: int = 4 * _MIB
    """Key and value of one record; past it, TooLarge. The topic must take it (`max.message.bytes`)."""
    batch_bytes_max: int = 1_000_000
    """What the appends of one batch weigh, unless a single record weighs more. Below Kafka's default for a topic."""
    append_wait_s: float = 8.0
    """How long an append may wait to be sent; past it, Unavailable."""
    request_wait_s: float = 5.0
    """How long one answer of a broker may take. An append ends within `append_wait_s` and twice this."""
    read_bytes_max: int = 8 * _MIB
    """What one answer to a reader weighs, unless a single batch of Kafka weighs more."""
    prefetch_bytes_max: int = 2 * _MIB
    """Past this, no more records of a partition are fetched ahead of the member that shall get them."""
    fetch_wait_s: float = 0.5
    """How long a broker may wait for records before it answers that there are none."""
    watch_every_s: float = 0.1
    """How often the ends of a topic are looked at while somebody waits for an append."""
    session_timeout_s: float = 10.0
    """Without a heartbeat for this long, the group gives a member's partitions away (`session.timeout.ms`)."""
    heartbeat_every_s: float = 1.0
    """How often a member shows that it lives."""
    lease_margin_s: float = 3.0
    """By how much a member believes in its ownership for less long than the group does."""
    revoke_wait_s: float = 15.0
    """How long a member may take to let go of its partitions."""
    rebalance_timeout_s: float = 30.0
    """How long the group waits for its members to let go (`rebalance.timeout.ms`)."""
    commit_wait_s: float = 5.0
    """How long a commit, or the question for one, may take."""

    @classmethod
    def of(cls, session_timeout_s: float, drain_s: float) -> Self:
        """Return limits that fit together for a member that needs up to `drain_s` to let go."""
        heartbeat_s, margin_s, revoke_wait_s = session_timeout_s / 10, session_timeout_s / 4, drain_s + _AFTER_DRAIN_S
        return cls(
            session_timeout_s=session_timeout_s,
            heartbeat_every_s=heartbeat_s,
            lease_margin_s=margin_s,
            revoke_wait_s=revoke_wait_s,
            rebalance_timeout_s=revoke_wait_s + heartbeat_s + margin_s + _AFTER_DRAIN_S,
        )

    def __post_init__(self) -> None:
        if self.heartbeat_every_s + self.lease_margin_s >= self.session_timeout_s:
            raise ConfigInvalid("a member must be able to be certain: heartbeat and margin must fit into the session")
        if self.revoke_wait_s + self.heartbeat_every_s + self.lease_margin_s >= self.rebalance_timeout_s:
            raise ConfigInvalid("a member must have let go before the group stops waiting for it")
