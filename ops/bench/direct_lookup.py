"""The yardstick of a lookup: the population adapter of an installation, asked without a hub around it."""

import sys
import time
from pathlib import Path

import orjson
import uvloop

from hub.clock import SystemClock
from hub.settings import load
from schemas.citizen import CitizenQuery


async def _run(folder: Path, query: CitizenQuery, times: int) -> list[float]:
    platform = next(one for one in load(folder).platforms if one.name == "population")
    adapter = platform.module.build(platform.settings, SystemClock())
    if adapter.citizens is None:
        raise SystemExit("no source of citizens")
    took_ms = []
    for number in range(times):
        started_s = time.perf_counter()
        await adapter.citizens.lookup(query, f"bench-{number:06d}")
        took_ms.append((time.perf_counter() - started_s) * 1000)
    await adapter.aclose()
    return took_ms


def main(folder: str, query: str, times: str) -> None:
    """Print the times in milliseconds as JSON."""
    took_ms = uvloop.run(_run(Path(folder), CitizenQuery.model_validate_json(query), int(times)))
    sys.stdout.write(orjson.dumps(took_ms).decode())


if __name__ == "__main__":
    main(*sys.argv[1:])
