"""The shared home: two doors and two workers on Kafka and PostgreSQL, struck in turn, judged by the portal's ledger.

Workers, doors and the broker are killed; beside that they are frozen beyond their session, rolled and joined by a
third, their clocks jump, and the roads to the portal, the broker and the store go bad.
"""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from hub.app.homes import declared
from hub.log.kafka.topics import ensure_topics
from hub.settings import load as load_settings
from hub.settings.sections import Profile
from tests.chaos.asker import Asker
from tests.chaos.fleet import Fleet
from tests.chaos.fleet_plan import SESSION_S, blows
from tests.chaos.judgement import Times, judge
from tests.chaos.load import STATES, dossier
from tests.chaos.lookups import read_audit
from tests.chaos.neighbours import Neighbours, neighbours
from tests.chaos.nursery import both_nurseries
from tests.chaos.rebuilt import judge_rebuilt
from tests.chaos.report import Report
from tests.chaos.sender import Sender
from tests.chaos.settling import settle
from tests.chaos.shared_homes import Shared, shared_homes
from tests.chaos.shared_world import SharedWorld, shared_world
from tests.chaos.strikes import Strikes
from tests.chaos.wall_clock import WallClock
from tests.chaos.weather import set_in
from tests.e2e.installation import Installed, install, replace_value
from tests.e2e.processes import Sandboxes, reserved_port, sandboxes

__all__ = ["Shared", "run", "shared_homes"]

_QUIET_S = 120.0
_CHANGES = {"first_s": "0.2", "max_s": "2", "profile": "demo", "session_timeout_s": f"{SESSION_S:g}"}
_PATIENCE = {"concurrency_max": "32\ncircuit_open_max_s: 2", "plain_http": "true\n    read_timeout_s: 5"}


async def run(seed: int, dossiers: int, kills: int, folder: Path, run_s_max: float) -> Report:
    """Send, strike, settle, judge. Everything that was written stays in `folder`."""
    times = Times(time.monotonic())
    load = [dossier(seed, number) for number in range(1, dossiers + 1)]
    plan = blows(seed, kills)
    async with asyncio.timeout(run_s_max), AsyncExitStack() as stack:
        boxes = await stack.enter_async_context(sandboxes(folder / "sandbox", seed))
        world = await stack.enter_async_context(shared_world(folder, boxes))
        ports = [stack.enter_context(reserved_port()) for _ in range(2)]
        beside = await stack.enter_async_context(neighbours(boxes, seed, kills))
        installed = await _installed(folder, boxes, world, beside, ports[0])
        clock = WallClock(folder / "wall-clock")
        births = await stack.enter_async_context(both_nurseries(clock.environment))
        fleet = Fleet(
            installed,
            folder,
            stack,
            birth=lambda name: births.shifted.running if name.endswith("-2") else births.usual.running,
        )
        doors = [f"http://127.0.0.1:{port}" for port in ports]
        for number, door in enumerate(doors, 1):
            await fleet.add("api", f"api-{number}", door)
            await fleet.add("worker", f"worker-{number}")
        watching = asyncio.create_task(fleet.watch())
        sender = Sender(installed, load, doors)
        share = STATES * dossiers / (kills + 1)
        sender.quota.allow(round(2 * share))
        asker = Asker(installed, seed, doors)
        await set_in(world.portal, seed)
        await beside.set_in(seed)

        def struck(number: int) -> None:
            beside.strike(number)
            sender.quota.allow(round(share * (number + 2)))

        strikes = Strikes(fleet, world, clock, struck)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(sender.run())
            group.create_task(asker.run())
            await strikes.run(plan)
            sender.quota.allow(STATES * dossiers)
            await sending
            await beside.over()
            asker.enough()
        times.sent()
        told = await settle(sender, load, _QUIET_S)
        times.settled()
        watching.cancel()
        await fleet.end()
        told.flaws.extend(fleet.flaws)
        told.flaws.extend(await judge_rebuilt(installed.folder))
        return await judge(
            "shared",
            seed,
            load,
            world.portal,
            beside,
            folder,
            history=sender.history,
            told=told,
            times=times,
            asked=asker.asked,
            audit=await read_audit(installed.folder),
            befell=plan,
        )


async def _installed(folder: Path, boxes: Sandboxes, world: SharedWorld, beside: Neighbours, port: int) -> Installed:
    platforms = replace(beside.addressed(boxes.platforms), portal=world.portal_road.address)
    installed = install(folder / "installation", platforms, port, world.addresses | _CHANGES)
    for key, value in _PATIENCE.items():
        replace_value(installed.folder / "platforms" / "national_portal.yaml", key, value)
    beside.install(installed.folder)
    await ensure_topics(world.bootstrap, declared(load_settings(installed.folder, environ={}).hub), Profile.DEMO)
    return installed


if __name__ == "__main__":
    from tests.chaos.__main__ import main  # it imports this module

    sys.exit(main(["--home", "shared", *sys.argv[1:]]))
