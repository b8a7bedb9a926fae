"""What a broker's answer to an append means: a table.

Source: the error codes of the Kafka protocol (kafka.apache.org/protocol, "Error Codes").
"""

from enum import Enum


class Verdict(Enum):
    """What came of one try to append a batch."""

    WRITTEN = "written"
    AGAIN = "again"
    """Certainly not written by this try; another may be."""
    MOVED = "moved"
    """As AGAIN, and the partition is led by another broker."""
    DOUBT = "doubt"
    """It may be written; the same batch may be sent again, for the broker recognises it."""
    PRESENT = "present"
    """It is written, and nobody says where."""
    SEQUENCE = "sequence"
    """Certainly not written by this try; the producer has to begin a new epoch."""
    LARGE = "large"
    """Certainly not written: the topic takes no batch of this size."""
    REFUSED = "refused"
    """Certainly not written, and repeating changes nothing until an operator does."""


_VERDICTS = {
    0: Verdict.WRITTEN,
    2: Verdict.AGAIN,  # CORRUPT_MESSAGE: damaged on its way
    3: Verdict.MOVED,  # UNKNOWN_TOPIC_OR_PARTITION
    5: Verdict.MOVED,  # LEADER_NOT_AVAILABLE
    6: Verdict.MOVED,  # NOT_LEADER_OR_FOLLOWER
    7: Verdict.DOUBT,  # REQUEST_TIMED_OUT: the leader has it, the replicas may not
    9: Verdict.MOVED,  # REPLICA_NOT_AVAILABLE
    10: Verdict.LARGE,  # MESSAGE_TOO_LARGE
    17: Verdict.REFUSED,  # INVALID_TOPIC_EXCEPTION
    18: Verdict.LARGE,  # RECORD_LIST_TOO_LARGE
    19: Verdict.AGAIN,  # NOT_ENOUGH_REPLICAS
    20: Verdict.DOUBT,  # NOT_ENOUGH_REPLICAS_AFTER_APPEND
    29: Verdict.REFUSED,  # TOPIC_AUTHORIZATION_FAILED
    31: Verdict.REFUSED,  # CLUSTER_AUTHORIZATION_FAILED
    32: Verdict.REFUSED,  # INVALID_TIMESTAMP
    44: Verdict.REFUSED,  # POLICY_VIOLATION
    45: Verdict.SEQUENCE,  # OUT_OF_ORDER_SEQUENCE_NUMBER
    46: Verdict.PRESENT,  # DUPLICATE_SEQUENCE_NUMBER
    47: Verdict.SEQUENCE,  # INVALID_PRODUCER_EPOCH
    59: Verdict.SEQUENCE,  # UNKNOWN_PRODUCER_ID
    74: Verdict.MOVED,  # FENCED_LEADER_EPOCH
    80: Verdict.MOVED,  # PREFERRED_LEADER_NOT_AVAILABLE
    87: Verdict.REFUSED,  # INVALID_RECORD
    89: Verdict.AGAIN,  # THROTTLING_QUOTA_EXCEEDED
    90: Verdict.SEQUENCE,  # PRODUCER_FENCED
}


def verdict_of(error_code: int) -> Verdict:
    """Return what an error code means. An unknown one means doubt, KAFKA_STORAGE_ERROR and UNKNOWN_SERVER_ERROR too."""
    return _VERDICTS.get(error_code, Verdict.DOUBT)
