"""The lanes of the partitions that are ours: in memory, at the gate, in the parking place, and back from it."""
