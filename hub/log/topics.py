"""The declared topics."""

from collections.abc import Iterator, Mapping

from hub.errors import ConfigInvalid
from hub.log.murmur import partition_for

PARTITIONS_MAX = 1024


class Topics:
    """Topics and their numbers of partitions. ConfigInvalid when a number is not from 1 to PARTITIONS_MAX."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._partitions = dict(partitions)
        for topic, count in self._partitions.items():
            if not 1 <= count <= PARTITIONS_MAX:
                raise ConfigInvalid(f"topic {topic}: {count} partitions; allowed are 1 to {PARTITIONS_MAX}")

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """Go through every (topic, partition)."""
        return ((topic, number) for topic, count in self._partitions.items() for number in range(count))

    def partitions(self, topic: str) -> int:
        """Return the number of partitions. KeyError when the topic was not declared."""
        return self._partitions[topic]

    def partition_of(self, topic: str, key: bytes) -> int:
        """Return the partition of a key. KeyError when the topic was not declared."""
        return partition_for(key, self._partitions[topic])
