"""What commands print: times as people in the province read them, and foreign texts as they are."""

from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console

ZONE = "Asia/Ho_Chi_Minh"


def local(moment: datetime) -> str:
    """Return a time as people in the province read it."""
    return f"{moment.astimezone(ZoneInfo(ZONE)):%d/%m/%Y %H:%M:%S}"


def printable(text: str) -> str:
    """Return a foreign text as one line without anything that a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def show_lines(*lines: str, console: Console | None = None) -> None:
    """Print lines as they are: brackets are no markup, and lines are for the terminal to wrap."""
    console = console or Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
