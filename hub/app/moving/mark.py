"""The mark beside the log of a home that moves, or has moved: what makes it refuse to start, and a move go on."""

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from pydantic import Field, ValidationError

from hub.errors import ConfigInvalid, Unavailable
from schemas.model import Model

_SUFFIX = ".move"


class Mark(Model):
    """One move. Addresses are for people and hold no passwords. `ends`: the next offsets of "topic/partition" at the
    target when it was complete, and `completed_at` when that was.
    """

    journey: str
    producer_id: int
    log: str
    store: str
    started_at: datetime
    ends: dict[str, int] = Field(default_factory=dict)
    completed_at: datetime | None = None


class MarkFile:
    """Where the mark of a log is kept. Errors of all verbs: Unavailable, ConfigInvalid (nobody can read it)."""

    def __init__(self, log: Path) -> None:
        self.path = log.with_name(log.name + _SUFFIX)

    def read(self) -> Mark | None:
        """Return the mark; None when the home never began to move."""
        try:
            return Mark.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unavailable(f"{self.path}: {error.strerror}") from None
        except ValidationError:
            raise ConfigInvalid(f"{self.path} is damaged; it says whether this home has moved") from None

    def write(self, mark: Mark) -> None:
        """Replace the mark, durably, or leave the former one."""
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            with fresh.open("wb") as stream:
                stream.write(mark.model_dump_json(indent=1).encode())
                stream.flush()
                os.fsync(stream.fileno())
            fresh.replace(self.path)
            _sync(self.path.parent)
        except OSError as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise Unavailable(f"{self.path}: {error.strerror}") from None

    def require_home(self) -> None:
        """ConfigInvalid when this home has moved: who starts it again delivers everything twice."""
        mark = self.read()
        if mark is not None and mark.completed_at is not None:
            raise ConfigInvalid(
                f"this home has moved to {mark.log} and {mark.store}, on {mark.completed_at:%Y-%m-%d %H:%M} UTC: put "
                "these addresses into hub.yaml. If the move is given up before the target was used: "
                "hub migrate --undo-mark, with the same --log, --store and --keys"
            )


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
