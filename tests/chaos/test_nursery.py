"""Forked hubs are processes like others: a log of their own, an exit code, signals, and no life after their parent."""

import asyncio
from pathlib import Path
from signal import SIGKILL

from tests.chaos.nursery import nursery


async def test_a_forked_hub_says_and_returns_what_a_started_one_does(tmp_path: Path) -> None:
    """A command that fails, and one that is killed in the middle; several may live at a time."""
    async with nursery() as births:
        async with births.running(tmp_path / "a.log", "hub", "check-config", "--config", str(tmp_path)) as wrong:
            assert 1 == await wrong.wait(30)
            assert str(tmp_path) in wrong.tail()
        async with (
            births.running(tmp_path / "b.log", *_sandbox(tmp_path / "sandbox")) as killed,
            births.running(tmp_path / "c.log", "hub", "--help") as helped,
        ):
            assert 0 == await helped.wait(30)
            assert "check-config" in helped.tail()
            assert -SIGKILL == await killed.kill()
            assert -SIGKILL == killed.ended


async def test_children_end_with_their_nursery(tmp_path: Path) -> None:
    """Nothing is left behind."""
    async with nursery() as births:
        born = await births.running(tmp_path / "a.log", *_sandbox(tmp_path)).__aenter__()
        assert _lives(born.pid)
    for _ in range(500):
        if not _lives(born.pid):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(born.pid)


def _sandbox(folder: Path) -> tuple[str, ...]:
    """Return a command that lives until it is killed, on ports that are free."""
    doors = ("portal", "portal-control", "population", "population-control", "emc", "emc-control")
    return "hub", "sandbox", "--folder", str(folder), *(word for door in doors for word in (f"--{door}-port", "0"))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
