"""`hub migrate` as a process that is killed at random moments, until it has come to its end."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.e2e.processes import Running, running

_BEGUN = "moving to"
_LOOK_EVERY_S = 0.02
_MOVE_S_MAX = 900.0


class NotMoved(Exception):
    """The move ended otherwise than it should; the text holds the end of what it wrote."""


@dataclass(slots=True)
class Removal:
    """What came of it: the seconds into each life at which it was killed, the last words, how long the last life took.

    Seconds count from the word that copying begins.
    """

    kills: list[float] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    table: str = ""
    last_life_s: float = 0.0


async def remove(arguments: tuple[str, ...], folder: Path, chance: Random, kills: int, kill_within_s: float) -> Removal:
    """Run the command, kill it so many times, and let it come to its end."""
    found = Removal()
    for life in range(kills + 1):
        log = folder / f"migrate-{life + 1:02d}.log"
        async with running(log, "hub", "migrate", *arguments) as process:
            await _begun(process)
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


async def _begun(process: Running) -> None:
    async with asyncio.timeout(_MOVE_S_MAX):
        while process.ended is None and _BEGUN not in process.tail():  # noqa: ASYNC110 - another process says it
            await asyncio.sleep(_LOOK_EVERY_S)


def _last_word(process: Running) -> str:
    lines = process.log.read_text(encoding="utf-8").splitlines()
    return lines[-1] if lines else ""
