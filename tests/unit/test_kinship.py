"""Which logs and stores belong together."""

import pytest

from hub.app.kinship import strangers
from hub.store.kinship import Pulse


@pytest.mark.parametrize(
    ("number", "heard", "reason"),
    [
        (0, {}, None),
        (7, {}, None),
        (0, {"other": 9}, None),
        (7, {"other": 9}, "never met"),
        (7, {"mine": 7}, None),
        (8, {"mine": 7, "other": 99}, None),
        (57, {"mine": 7}, None),
        (58, {"mine": 7}, "log is an older copy"),
        (6, {"mine": 7}, "store is an older copy"),
    ],
)
def test_who_belongs_together(number: int, heard: dict[str, int], reason: str | None) -> None:
    """A store behind its log, or far ahead of it, is a copy of another day; a fresh store is nobody's copy."""
    told = strangers(Pulse("mine", number), heard)

    assert told is None if reason is None else reason in str(told)
