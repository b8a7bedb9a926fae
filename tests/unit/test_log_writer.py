"""The writing thread when something nobody foresaw happens in it."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.errors import Unavailable
from hub.log.sqlite.batch import Batch, PendingAppend, Verdict
from hub.log.sqlite.database import Database
from hub.log.sqlite.journal import Journal
from hub.log.sqlite.limits import SqliteLimits
from hub.log.sqlite.writer import Writer


class BrokenJournal(Journal):
    """Meets something that no rule foresees."""

    def apply(self, batch: Batch) -> Verdict:
        """Fail."""
        raise MemoryError(len(batch))


def pending() -> PendingAppend:
    """Make an append."""
    done = asyncio.get_running_loop().create_future()
    return PendingAppend(1, "commands", 0, datetime(2026, 11, 22, tzinfo=UTC), b"key", b"value", done)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_nobody_waits_for_a_dead_thread(tmp_path: Path) -> None:
    """What was in hand is in doubt, what was queued is refused, and what comes later is refused at once."""
    verdicts: list[tuple[int, str]] = []

    def finish(batch: Batch, verdict: Verdict) -> None:
        verdicts.append((len(batch), type(verdict.error).__name__))

    journal = BrokenJournal(Database(tmp_path / "log.db", "unix-excl", "FULL"), SqliteLimits())
    writer = Writer(journal, finish, batch_records_max=2, batch_bytes_max=1_000)
    for _ in range(3):
        writer.put(pending())
    await writer.aclose()

    assert 3 == sum(count for count, _ in verdicts)
    assert "WriteInDoubt" == verdicts[0][1]
    assert {"Unavailable"} >= {name for _, name in verdicts[1:]}
    with pytest.raises(Unavailable):
        writer.put(pending())
