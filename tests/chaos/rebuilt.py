"""Whether read models that are made anew from the log equal those that were kept while processes were killed."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from hub.app.ground import open_ground
from hub.app.seams import Seams
from hub.app.upkeep import rebuild
from hub.settings import Installation, load
from hub.store.image import Image, image
from hub.telemetry import Metrics


async def judge_rebuilt(folder: Path) -> list[str]:
    """Rebuild an installation that stands still, and return where the store says something else than before."""
    installation = load(folder, environ={})
    live = await _image(installation)
    await rebuild(installation, lambda _line: None)
    return list(_differences(live, await _image(installation)))


async def _image(installation: Installation) -> Image:
    async with AsyncExitStack() as stack:
        ground = await open_ground(installation, Seams(), stack, Metrics())
        return await ground.homes.store.read(image)


def _differences(live: Image, rebuilt: Image) -> Iterator[str]:
    if not live["message"]:
        yield "there is nothing to rebuild"
    for table, rows in live.items():
        if rows != rebuilt[table]:
            odd = set(rows) ^ set(rebuilt[table])
            yield f"{table}: {len(odd)} rows differ between the live read models and those made anew"
