"""How the leader of a group shares out the partitions: as evenly as can be, and no partition moves that need not."""

from collections.abc import Collection, Mapping
from struct import Struct, iter_unpack

from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

from hub.log.shares import shares

_PARTITION = Struct(">i")
_VERSION = 0


class Sharing(AbstractPartitionAssignor):
    """One member's side of it: tells the leader what the member held last, and shares out when it leads itself."""

    name = "hub"

    def __init__(self, topic: str, partitions: int) -> None:
        self._topic = topic
        self._partitions = partitions
        self._held: Collection[int] = ()

    def metadata(self, topics: Collection[str]) -> ConsumerProtocolMemberMetadata:
        """Say what was held last."""
        held = b"".join(map(_PARTITION.pack, self._held))
        return ConsumerProtocolMemberMetadata(_VERSION, sorted(topics), held)

    def assign(
        self, _cluster: object, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Share out. When two members claim a partition, one of them is right, and either may get it."""
        holders = {
            partition: member
            for member, metadata in sorted(members.items())
            for (partition,) in iter_unpack(_PARTITION.format, metadata.user_data or b"")
        }
        target = shares(self._partitions, holders, sorted(members))
        return {member: self._assignment([p for p in target if target[p] == member]) for member in members}

    def _assignment(self, partitions: Collection[int]) -> ConsumerProtocolMemberAssignment:
        return ConsumerProtocolMemberAssignment(_VERSION, [(self._topic, sorted(partitions))], b"")

    def on_assignment(self, assignment: ConsumerProtocolMemberAssignment) -> None:
        """Remember what was given."""
        self._held = [place.partition for place in assignment.partitions()]
