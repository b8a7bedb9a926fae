"""Kafka's default partitioner, so that every home of the log sends a key to the same partition.

Source: `org.apache.kafka.common.utils.Utils.murmur2` and `BuiltInPartitioner.partitionForKey`.
"""

from struct import iter_unpack

_SEED = 0x9747B28C
_FACTOR = 0x5BD1E995
_WORD = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF


def murmur2(data: bytes) -> int:
    """Return the 32-bit hash as an unsigned number."""
    whole = len(data) & ~3
    digest = _SEED ^ len(data)
    for (word,) in iter_unpack("<I", data[:whole]):
        digest = digest * _FACTOR & _WORD ^ _mixed(word)
    if whole < len(data):
        digest = (digest ^ int.from_bytes(data[whole:], "little")) * _FACTOR & _WORD
    digest = (digest ^ digest >> 13) * _FACTOR & _WORD
    return digest ^ digest >> 15


def partition_for(key: bytes, partitions: int) -> int:
    """Return the partition of a key among `partitions`."""
    return (murmur2(key) & _POSITIVE) % partitions


def _mixed(word: int) -> int:
    """Stir four bytes."""
    word = word * _FACTOR & _WORD
    return (word ^ word >> 24) * _FACTOR & _WORD
