"""A hub that kills itself: `python -m tests.chaos.hub_process --config DIR [--crash POINT:N] [--slow SEED]
[--sql-fails N:K] [--sin SIN:N]`.

It is the hub of `hub run`, with parts of `tests.chaos` at its seams.
"""

import argparse
import asyncio
from pathlib import Path

import aiohttp
import httpx
import uvloop
from httpx_aiohttp import AiohttpTransport

from hub.app import Seams, serve
from hub.settings import load
from tests.chaos.brittle_log import BrittleLog
from tests.chaos.brittle_parking import BrittleParking
from tests.chaos.brittle_road import BrittleRoad
from tests.chaos.brittle_store import Failure, brittle_store
from tests.chaos.crash import Crash, Fuse, Point
from tests.chaos.drag import Drag
from tests.chaos.sinful_road import Sin, SinfulRoad

_PLATFORM = "national_portal"
_DYING = frozenset({_PLATFORM, "emc"})
"""Those on whose roads a hub dies."""
_CONNECTIONS_MAX = 64
_ON_THE_ROAD = frozenset({Point.SEND_BEFORE, Point.SEND_AFTER, Point.REPLY_BEFORE, Point.REPLY_AFTER})


def brittle_seams(crash: Crash | None, drag: Drag, sin: tuple[Sin, int] | None = None) -> Seams:
    """Return seams with crash points. The hub keeps its own roads unless it is to die or sin on one."""
    fuse = Fuse(crash)

    def road(platform: str) -> httpx.AsyncBaseTransport | None:
        if platform == _PLATFORM and sin is not None:
            return SinfulRoad(AiohttpTransport(trust_env=False, client=_session), *sin)
        if platform not in _DYING or crash is None or crash.point not in _ON_THE_ROAD:
            return None
        return BrittleRoad(AiohttpTransport(trust_env=False, client=_session), fuse)

    return Seams(
        log=lambda log: BrittleLog(log, fuse, drag),
        parking=lambda parking: BrittleParking(parking, fuse, drag),
        transport=road,
    )


def _sin(text: str) -> tuple[Sin, int]:
    sin, _, nth = text.partition(":")
    return Sin(sin), int(nth)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_CONNECTIONS_MAX))


def main() -> None:
    """Run the hub until it is stopped, or dies as ordered."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.hub_process")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--crash", type=Crash.parse, default=None, help="POINT:N, such as append.after:17")
    parser.add_argument("--slow", type=int, default=None, help="seed of a slow disk")
    parser.add_argument("--sql-fails", type=Failure.parse, default=None, help="FIRST:STATEMENTS of the store that fail")
    parser.add_argument("--sin", type=_sin, default=None, help="SIN:N, such as drop:7, to see whether it is caught")
    options = parser.parse_args()
    if options.sql_fails:
        brittle_store(options.sql_fails)
    installation = load(options.config)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(installation, brittle_seams(options.crash, Drag(options.slow), options.sin)))


if __name__ == "__main__":
    main()
