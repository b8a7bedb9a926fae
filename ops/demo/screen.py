"""What the reader of the demonstration sees: Vietnamese first, English beside it."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from ops.demo.promises import Promise
from ops.demo.stage import Addresses
from ops.sandbox.verdict import Verdict

_COLUMNS = {
    "accepted": "tiếp nhận / accepted",
    "delivered": "đã gửi / delivered",
    "waiting": "chờ / waiting",
    "parked": "chờ gửi lại / parked",
    "in_doubt": "nghi vấn / in doubt",
    "dead": "chết / dead",
}


class Screen:
    """Prints lines; nothing that moves, so that it reads the same in a file."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)

    def act(self, number: int, vi: str, en: str) -> None:
        """Open an act."""
        self._console.print(f"\n[bold]{number}. {vi}[/bold] · [dim]{en}[/dim]")

    def say(self, vi: str, en: str) -> None:
        """Say one thing."""
        self._console.print(f"   {vi} · [dim]{en}[/dim]")

    def numbers(self, overview: dict[str, Any], inquiries: int) -> None:
        """Show one line of the live page."""
        counts = {name: sum(row.get(name, 0) for row in overview["platforms"]) for name in _COLUMNS}
        counts["accepted"] = overview["accepted"]
        counts["waiting"] += sum(row["in_flight"] for row in overview["platforms"])
        shown = "  ".join(f"{words.partition(' / ')[0]} {counts[name]:>4}" for name, words in _COLUMNS.items())
        self._console.print(f"   [dim]{shown}  hỏi lại {inquiries:>3}[/dim]")

    def verdict(self, found: Verdict) -> None:
        """Show the ledger's verdict as a table."""
        table = Table("", *found.states.counts())
        table.add_row("trạng thái hồ sơ / dossier states", *map(str, found.states.counts().values()))
        table.add_row("dòng tiến độ / progress rows", *map(str, found.progress.counts().values()))
        self._console.print(table)

    def promises(self, promises: Sequence[Promise]) -> None:
        """Show what held and what did not."""
        self._console.print("\n[bold]Những điều đã hứa[/bold] · [dim]what was promised[/dim]")
        for promise in promises:
            mark = "[green]✓[/green]" if promise.held else "[red]✗[/red]"
            self._console.print(f"   {mark} {promise.vi} · [dim]{promise.en}[/dim]")

    def addresses(self, addresses: Addresses, code: str, folder: str) -> None:
        """Say where everything stays up."""
        self._console.print("\n[bold]Đang chạy[/bold] · [dim]running; Ctrl-C ends it[/dim]")
        self._console.print(f"   màn hình / live page       {addresses.hub}/")
        self._console.print(f"   OpenAPI                    {addresses.hub}/openapi.json")
        self._console.print(f"   sổ của Cổng / ledger       {addresses.portal_control}/ledger  (SANDBOX)")
        self._console.print(f"   nhật ký / logs             {folder}")
        self._console.print(
            f"   theo dõi / follow          HUB_API_KEY=$(cat {folder}/mot-cua.key) "
            f".venv/bin/hub follow {code} --url {addresses.hub}"
        )

    def fault(self, text: str) -> None:
        """Say why the demonstration cannot be shown."""
        self._console.print(f"[red]{text}[/red]")
