"""The bounds of a log on SQLite."""

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SqliteLimits:
    """The bounds of a log on SQLite."""

    pending_max: int = 10_000
    """Appends that may wait for the disk; past it, Overloaded."""
    pending_bytes_max: int = 64 * _MIB
    """What those appends may weigh."""
    batch_records_max: int = 512
    """Appends and commits of one transaction."""
    batch_bytes_max: int = 4 * _MIB
    """What the appends of one transaction weigh, but for the one that fills it."""
    record_bytes_max: int = 4 * _MIB
    """Key and value of one record; past it, TooLarge."""
    read_bytes_max: int = 8 * _MIB
    """What one read from the disk weighs, but for the record that fills it."""
    tail_bytes_max: int = 32 * _MIB
    """What is kept in memory of the newest records of all partitions."""
    wal_pages_max: int = 1_000
    """Pages of 4 KiB after which the write-ahead file is folded into the main one."""
    trim_records_max: int = 200
    """Records that one transaction removes from the start of a partition."""
    trim_bytes_max: int = _MIB
    """What those records weigh, but for the one that fills it: large ones lie on many pages."""
    trim_pause_s: float = 0.02
    """How long the disk is left to others after each of these transactions."""
    revoke_wait_s: float = 30.0
    """How long a member may take to let go of its partitions."""
