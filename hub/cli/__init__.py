"""The command line: thin; what it does is done by the rooms that it calls."""

import sys
from collections.abc import Sequence
from typing import NoReturn

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; the arguments of the process when none are given."""
    try:
        # Imported late: reading the program takes a second or two, in which Ctrl-C is no fault either.
        from hub.cli.commands import main as run  # noqa: PLC0415 - see above
    except KeyboardInterrupt:
        sys.exit(130)
    run(arguments)
