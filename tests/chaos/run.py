"""The embedded home: one hub that is killed again and again, at named points and from outside, each time in trouble."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from ops.sandbox.remote import Remote
from tests.chaos.asker import Asker
from tests.chaos.fault_proxy import FaultProxy
from tests.chaos.judgement import Times, expected, judge
from tests.chaos.load import STATES, dossier
from tests.chaos.lookups import read_audit
from tests.chaos.neighbours import neighbours
from tests.chaos.nursery import both_nurseries
from tests.chaos.plan import plan
from tests.chaos.rebuilt import judge_rebuilt
from tests.chaos.report import Report
from tests.chaos.sender import Sender
from tests.chaos.settling import settle
from tests.chaos.supervisor import Supervisor
from tests.chaos.wall_clock import WallClock
from tests.chaos.weather import set_in
from tests.chaos.world import World
from tests.e2e.installation import install, replace_value
from tests.e2e.processes import reserved_port, sandboxes
from tests.e2e.scarce_disk import LimitedDisk, ScarceDisk, scarce_disk

__all__ = ["expected", "run"]

QUIET_S = 90.0
"""What does not move for so long, with nothing wrong any more, is stuck."""
_REPEATS = 50
_CHANGES = {"first_s": "0.2", "max_s": "2", "disk_free_bytes_min": "1048576"}
"""Of `hub.yaml`: short waits between tries keep the run short."""
_PATIENCE = {"concurrency_max": "64\ncircuit_open_max_s: 2", "plain_http": "true\n    read_timeout_s: 5"}
"""Of the portal: so do short waits between probes, and for replies."""


async def run(
    seed: int,
    dossiers: int,
    kills: int,
    folder: Path,
    run_s_max: float,
    *,
    quiet_s: float = QUIET_S,
    sin: str = "",
) -> Report:
    """Send, kill, settle, judge. Everything that was written stays in `folder`.

    With a `sin` (`tests.chaos.sinful_road`) the hub does something wrong that the report must show.
    """
    times = Times(time.monotonic())
    load = [dossier(seed, number) for number in range(1, dossiers + 1)]
    async with asyncio.timeout(run_s_max), AsyncExitStack() as stack:
        port = stack.enter_context(reserved_port())
        boxes = await stack.enter_async_context(sandboxes(folder / "sandbox", seed))
        portal = await stack.enter_async_context(Remote(boxes.portal_control))
        world = await stack.enter_async_context(_world(seed, folder, portal, boxes.platforms.portal))
        beside = await stack.enter_async_context(neighbours(boxes, seed, kills))
        platforms = replace(beside.addressed(boxes.platforms), portal=world.road.address)
        installed = install(folder / "installation", platforms, port, _CHANGES | {"home": str(world.disk.folder)})
        for key, value in _PATIENCE.items():
            replace_value(installed.folder / "platforms" / "national_portal.yaml", key, value)
        beside.install(installed.folder)
        births = await stack.enter_async_context(both_nurseries(world.clock.environment))
        supervisor = Supervisor(installed, world, births, folder, beside.strike, sin)
        sender = Sender(installed, load)
        asker = Asker(installed, seed)
        await set_in(portal, seed)
        await beside.set_in(seed)
        quota = sender.quota
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(sender.run())
            group.create_task(asker.run())
            states = STATES * dossiers
            await supervisor.run(plan(seed, kills, states // (kills + 1)), quota, states)
            last = await stack.enter_async_context(supervisor.last_life())
            await sending
            await beside.over()
            asker.enough()
        times.sent()
        again = Random(f"{seed}:repeats").sample(load, min(_REPEATS, len(load)))
        told = await settle(sender, load, quiet_s, again)
        times.settled()
        if (code := await last.stop()) != 0:
            told.flaws.append(f"the stop in the end came to {code}: {last.tail()}")
        told.flaws.extend(await judge_rebuilt(installed.folder))
        return await judge(
            "embedded",
            seed,
            load,
            portal,
            beside,
            folder,
            history=sender.history,
            told=told,
            times=times,
            asked=asker.asked,
            audit=await read_audit(installed.folder),
            endings=supervisor.endings,
        )


@asynccontextmanager
async def _world(seed: int, folder: Path, portal: Remote, address: str) -> AsyncIterator[World]:
    """Put a road before the portal, and a disk that can be filled under the hub: its own one for every other seed."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    road = FaultProxy((host, int(port)))
    await road.open()
    try:
        with _disk(seed, folder / "home") as disk:
            yield World(portal, road, disk, WallClock(folder / "wall-clock"))
    finally:
        await road.aclose()


@contextmanager
def _disk(seed: int, folder: Path) -> Iterator[ScarceDisk]:
    if seed % 2 == 0:
        with scarce_disk(folder) as disk:
            try:
                yield disk
            finally:
                # Its file system goes; whoever looks for what went wrong needs what lay there.
                shutil.copytree(folder, folder.with_name("home-in-the-end"), ignore=shutil.ignore_patterns("run"))
    else:
        folder.mkdir()
        yield LimitedDisk(folder)
