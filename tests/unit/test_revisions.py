"""What a partition remembers of revisions."""

from datetime import timedelta

from hub.delivery.decisions.revisions import BACK, Revisions, look_back
from hub.log.memory import MemoryLog
from schemas.delivery import CommandHeader
from schemas.envelope import Envelope
from tests.clock import ManualClock

COMMANDS = "hub.commands"


def _header(code: str, revision: int, kind: str = "dossier") -> CommandHeader:
    return CommandHeader(
        kind=kind,
        message_id=f"{code}/{revision}",
        ordering_key=code,
        sender_agency="H56.14",
        sender_system="motcua",
        revision=revision,
        received_at=ManualClock().now(),
        key_id="key",
        deliveries=(),
    )


async def _append(log: MemoryLog, code: str, revision: int) -> None:
    envelope = Envelope(_header(code, revision).model_dump_json().encode(), b"")
    await log.append(COMMANDS, code.encode(), envelope.to_bytes())


def _told(revisions: Revisions, *seen: tuple[str, int]) -> list[bool]:
    return [revisions.overtaken(_header(code, revision)) for code, revision in seen]


def test_only_a_lower_revision_behind_a_higher_one_is_overtaken() -> None:
    """The same one again is not, a gap is not, and each dossier counts for itself."""
    seen = [("a", 1), ("a", 5), ("a", 5), ("a", 4), ("b", 1), ("a", 6), ("a", 5)]

    assert [False, False, False, True, False, False, True] == _told(Revisions(), *seen)


def test_other_kinds_of_messages_have_no_revisions() -> None:
    """Whatever number they carry, they are neither overtaken nor do they overtake."""
    revisions = Revisions()
    assert not revisions.overtaken(_header("a", 9, "payment"))
    assert not revisions.overtaken(_header("a", 2))
    assert not revisions.overtaken(_header("a", 1, "payment"))
    assert revisions.overtaken(_header("a", 1, "withdrawal"))


def test_the_dossiers_seen_last_are_remembered() -> None:
    """Memory is bounded: the one that was not seen for the longest time goes."""
    revisions = Revisions(dossiers_max=2)

    assert [False] * 4 == _told(revisions, ("a", 5), ("b", 5), ("a", 5), ("c", 5))
    assert [True, False] == _told(revisions, ("a", 4), ("b", 4))


async def test_looking_back_reaches_over_the_last_minute() -> None:
    """Two appends that were under way together lie closer than that, however many came between them."""
    clock = ManualClock()
    log = MemoryLog({COMMANDS: 1}, clock)
    await _append(log, "old", 9)
    await clock.advance(BACK.total_seconds() * 2)
    for number in range(600):
        await _append(log, f"dossier-{number}", 9)
    await clock.advance((BACK - timedelta(seconds=1)).total_seconds())

    revisions = await look_back(log, clock, COMMANDS, 0, 601)
    assert [True, True, False] == _told(revisions, ("dossier-0", 8), ("dossier-599", 8), ("unknown", 1))
    await clock.advance(10)
    later = await look_back(log, clock, COMMANDS, 0, 601)
    assert [True] == _told(later, ("dossier-599", 8))


async def test_nothing_at_or_past_the_committed_offset_is_looked_at() -> None:
    """That is read in its turn."""
    log = MemoryLog({COMMANDS: 1}, ManualClock())
    for revision in (1, 2, 3):
        await _append(log, "a", revision)

    revisions = await look_back(log, ManualClock(), COMMANDS, 0, 1)
    assert [False] == _told(revisions, ("a", 2))


async def test_an_empty_partition_has_nothing_to_look_back_at() -> None:
    """The first owner ever begins with nothing."""
    log = MemoryLog({COMMANDS: 1}, ManualClock())

    assert [False] == _told(await look_back(log, ManualClock(), COMMANDS, 0, 0), ("a", 1))
