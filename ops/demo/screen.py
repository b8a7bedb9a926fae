"""What the reader of the demonstration sees: Vietnamese first, English below it, in any terminal of 80 columns."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ops.demo.promises import Promise
from ops.demo.stage import Addresses
from ops.sandbox.verdict import Verdict
from schemas.problem import Words

_COLUMNS: Mapping[str, Words] = MappingProxyType(
    {
        "accepted": Words("tiếp nhận", "accepted"),
        "delivered": Words("đã gửi", "delivered"),
        "waiting": Words("đang chờ", "waiting"),
        "parked": Words("chờ gửi lại", "parked"),
        "in_doubt": Words("chưa rõ", "in doubt"),
        "dead": Words("không gửi được", "dead"),
    }
)
"""The numbers of the live page; accepted are messages, the others deliveries."""

_FINDINGS: Mapping[str, Words] = MappingProxyType(
    {
        "expected": Words("phải có", "expected"),
        "effects": Words("đã có", "effects"),
        "lost": Words("mất", "lost"),
        "doubled": Words("trùng", "doubled"),
        "reordered": Words("sai thứ tự", "reordered"),
        "invented": Words("không ai gửi", "invented"),
        "stale": Words("chưa phải bản cuối", "stale"),
    }
)


class Screen:
    """Prints lines; nothing that moves, so that it reads the same in a file."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def act(self, number: int, vi: str, en: str) -> None:
        """Open an act."""
        self._console.print()
        self._console.print(Text(f"{number}. {vi}", "bold"))
        self._indented(Text(en, "dim"))

    def say(self, vi: str, en: str) -> None:
        """Say one thing."""
        self._indented(Text(vi))
        self._indented(Text(en, "dim"))

    def heads(self) -> None:
        """Show what the numbers are."""
        self._row([words.vi for words in _COLUMNS.values()])
        self._row([words.en for words in _COLUMNS.values()])

    def numbers(self, overview: dict[str, Any]) -> None:
        """Show the numbers of the live page in one line under `heads`."""
        counts = {name: sum(row.get(name, 0) for row in overview["platforms"]) for name in _COLUMNS}
        counts["accepted"] = overview["accepted"]
        counts["waiting"] += sum(row["in_flight"] for row in overview["platforms"])
        self._row([str(count) for count in counts.values()])

    def verdict(self, found: Verdict) -> None:
        """Show the ledger's verdict as a table."""
        table = Table("", "trạng thái hồ sơ\ndossier states", "dòng tiến độ\nprogress rows")
        states, progress = found.states.counts(), found.progress.counts()
        for name, words in _FINDINGS.items():
            table.add_row(f"{words.vi} · {words.en}", str(states[name]), str(progress[name]))
        self._console.print(Padding(table, (0, 0, 0, 3), expand=False))

    def promises(self, promises: Sequence[Promise]) -> None:
        """Show what held and what did not."""
        self._console.print("\n[bold]Những điều đã hứa[/bold] · [dim]what was promised[/dim]")
        for promise in promises:
            mark = Text("✓ ", "green") if promise.held else Text("✗ ", "red")
            self._indented(mark + Text(promise.vi, "default"))
            self._indented(Text(promise.en, "dim"), by=5)

    def addresses(self, addresses: Addresses, code: str, folder: str) -> None:
        """Say where everything stays up."""
        self._console.print("\n[bold]Đang chạy[/bold] · [dim]running; Ctrl-C ends it[/dim]")
        self._address("màn hình / live page", f"{addresses.hub}/")
        self._address("OpenAPI", f"{addresses.hub}/openapi.json")
        self._address("sổ của Cổng / ledger", f"{addresses.portal_control}/ledger  (SANDBOX)")
        self._address("nhật ký / logs", folder)
        self._address("theo dõi / follow", f"export HUB_API_KEY=$(cat {folder}/mot-cua.key)")
        self._address("", f".venv/bin/hub follow {code} --url {addresses.hub}")

    def fault(self, text: str) -> None:
        """Say why the demonstration cannot be shown."""
        self._console.print(Text(text, "red"))

    def _indented(self, text: Text, by: int = 3) -> None:
        self._console.print(Padding(text, (0, 0, 0, by), expand=False))

    def _row(self, cells: Sequence[str]) -> None:
        """Print cells under the words of `_COLUMNS`; lines of numbers are never cut."""
        widths = [max(len(words.vi), len(words.en)) for words in _COLUMNS.values()]
        shown = "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True))
        self._console.print(Text(f"   {shown}", "dim"), soft_wrap=True)

    def _address(self, what: str, address: str) -> None:
        """Print an address on a line of its own, left whole so that it can be copied."""
        self._console.print(Text(f"   {what:<22}{address}"), soft_wrap=True)
