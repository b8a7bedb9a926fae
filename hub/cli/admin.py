"""Live commands to running processes, over the admin sockets in the hub's home."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from hub.errors import ConfigInvalid

_ANSWER_S_MAX = 10.0


def statuses(folder: Path) -> Iterator[dict[str, Any]]:
    """Return what every process that answers says of itself; sockets of killed processes are passed over."""
    for path in sorted(folder.glob("*.sock")):
        try:
            with _client(path) as client:
                yield client.get("/status").raise_for_status().json()
        except httpx.HTTPError:
            continue


def ask_to_stop(folder: Path, name: str) -> None:
    """Ask one process to end in good order. ConfigInvalid when none of that name answers."""
    try:
        with _client(folder / f"{name}.sock") as client:
            client.post("/stop").raise_for_status()
    except httpx.HTTPError:
        raise ConfigInvalid(f"no process {name} of this installation runs here") from None


def show_status(status: dict[str, Any], console: Console) -> None:
    """Print one process: whether it is ready, what is wrong, and how far its partitions are."""
    ready = "ready" if status["ready"] else "NOT READY"
    console.print(f"{status['name']} ({status['role']}) pid {status['pid']}: {ready}", highlight=False)
    for check, word in status["checks"].items():
        if word != "ok":
            console.print(f"  {check}: {word}", highlight=False)
    for partition, at in status["partitions"].items():
        text = f"  partition {partition}: committed {at['committed']}, {at['unfinished']} under way"
        console.print(text, highlight=False)


def _client(path: Path) -> httpx.Client:
    return httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://hub", timeout=_ANSWER_S_MAX)
