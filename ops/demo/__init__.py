"""The demonstration: the hub and its sandbox platforms on one machine, playing the main job before the reader."""

import argparse
import asyncio
import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ops.demo.screen import Screen
from ops.demo.stage import Stage, StageFault
from ops.demo.story import Story


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the story. Return 0 only when every promise held."""
    parser = argparse.ArgumentParser(prog="hub demo", description="The hub with SANDBOX platforms; invented data only")
    parser.add_argument("--exit", action="store_true", help="end when the story is told")
    parser.add_argument("--folder", type=Path, help="where to keep everything; a temporary folder otherwise")
    options = parser.parse_args(arguments)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="hub-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    screen = Screen()
    try:
        return asyncio.run(_play(folder, screen, stay=not options.exit))
    except StageFault as fault:
        screen.fault(str(fault))
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _play(folder: Path, screen: Screen, *, stay: bool) -> int:
    screen.say("Đang khởi động trục và hai nền tảng SANDBOX", "the hub and two SANDBOX platforms are starting")
    async with Stage(folder) as stage:
        screen.say(f"Trục đã sẵn sàng: {stage.addresses.hub}/", "the hub is ready; its live page is at this address")
        key = folder / "mot-cua.key"
        key.touch(mode=0o600)
        key.write_text(stage.tokens["mot-cua"], encoding="ascii")
        story = Story(stage, screen)
        await story.play()
        screen.promises(story.promises)
        if stay:
            screen.addresses(stage.addresses, story.sample_code, str(folder))
            await _until_told()
    return 0 if all(promise.held for promise in story.promises) else 1


async def _until_told() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
