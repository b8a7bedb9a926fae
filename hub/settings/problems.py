"""What is wrong with a configuration: every problem with file, line and key, collected before anything stops."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from hub.errors import ConfigInvalid

KeyPath = tuple[str | int, ...]
"""Where a value stands in its file: names of keys and numbers of list items."""


def dotted(path: KeyPath) -> str:
    """Return `limits.body_bytes_max`, `agencies[2].code`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ` — did you mean 'x'?` for the known word that is most like this one, or nothing."""
    close = get_close_matches(word, sorted(known), n=1)
    return f" — did you mean '{close[0]}'?" if close else ""


@dataclass(slots=True)
class Problems:
    """Collects problems, which stop a start, and warnings, which do not."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, place: str, path: KeyPath, text: str) -> None:
        """Add a problem. `place` is `file:line`, `file`, or the name of an environment variable."""
        self.problems.append(_line(place, path, text))

    def warn(self, place: str, path: KeyPath, text: str) -> None:
        """Add a warning."""
        self.warnings.append(_line(place, path, text))

    def stop(self) -> None:
        """Raise ConfigInvalid with all problems, one a line, when there are any."""
        if self.problems:
            raise ConfigInvalid("\n".join(self.problems))


def _line(place: str, path: KeyPath, text: str) -> str:
    return ": ".join(part for part in (place, dotted(path), text) if part)
