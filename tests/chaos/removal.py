"""`hub migrate` as a process that is killed in each of its phases, at random moments, until it comes to its end."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.e2e.processes import Running, running

_PHASES = ("moving to", "records: ", "rows: ", "keys: ", "comparing")
"""What it says when records are copied, then rows, keys, the offsets of groups, and when both sides are compared."""
_LOOK_EVERY_S = 0.02
_MOVE_S_MAX = 900.0


class NotMoved(Exception):
    """The move ended otherwise than it should; the text holds the end of what it wrote."""


@dataclass(slots=True)
class Removal:
    """What came of it: how many seconds behind the word of a phase it was killed, what it had said last by then, and
    how long its last life took from the first word on.
    """

    kills: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    table: str = ""
    last_life_s: float = 0.0


async def remove(arguments: tuple[str, ...], folder: Path, chance: Random, kills: int, kill_within_s: float) -> Removal:
    """Run the command, kill it so many times, at most so many seconds into a phase, and let it come to its end."""
    found = Removal()
    for life in range(kills + 1):
        log = folder / f"migrate-{life + 1:02d}.log"
        async with running(log, "hub", "migrate", *arguments) as process:
            phase = life * len(_PHASES) // kills if life < kills else 0
            await _said(process, _PHASES[phase])
            started_s = time.monotonic()
            if life < kills:
                await process.wait(chance.uniform(0, kill_within_s))
                if process.ended is None:
                    await process.kill()
                    found.kills.append(time.monotonic() - started_s)
                    found.said.append(_last_word(process))
                    continue
            code = await process.wait(_MOVE_S_MAX)
            found.last_life_s, found.table = time.monotonic() - started_s, process.log.read_text(encoding="utf-8")
        if code != 0:
            raise NotMoved(f"exit code {code}: {process.tail()}")
        break
    return found


async def refused(role: str, folder: Path, log: Path) -> str:
    """Start a hub that must not start, and return what it says."""
    async with running(log, "hub", role, "--config", str(folder)) as process:
        code = await process.wait(60)
    if code != 1:
        raise NotMoved(f"hub {role} came to {code}: {process.tail()}")
    return process.tail()


async def _said(process: Running, word: str) -> None:
    async with asyncio.timeout(_MOVE_S_MAX):
        while process.ended is None and word not in _told(process):  # noqa: ASYNC110 - another process says it
            await asyncio.sleep(_LOOK_EVERY_S)


def _last_word(process: Running) -> str:
    lines = _told(process).splitlines()
    return lines[-1] if lines else ""


def _told(process: Running) -> str:
    return process.log.read_text(encoding="utf-8")
