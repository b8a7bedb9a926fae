"""A loop in a thread of its own runs work for the tasks of another loop."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest

from hub.store.postgres.loop_thread import LoopThread


@pytest.fixture
async def thread() -> AsyncIterator[LoopThread]:
    """A running one."""
    thread = LoopThread("beside")
    yield thread
    await thread.aclose()


async def test_elsewhere(thread: LoopThread) -> None:
    """Work runs in the other thread, and its result and its errors come back."""

    async def name() -> str:
        return threading.current_thread().name

    async def fail() -> None:
        raise KeyError("lost")

    assert "beside" == await thread.run(name())
    with pytest.raises(KeyError, match="lost"):
        await thread.run(fail())


async def test_order(thread: LoopThread) -> None:
    """Work starts in the order in which it came."""
    seen: list[int] = []

    async def note(number: int) -> None:
        seen.append(number)

    await asyncio.gather(*(thread.run(note(number)) for number in range(100)))

    assert list(range(100)) == seen


async def test_keeps_nobody_waiting(thread: LoopThread) -> None:
    """While work computes there, tasks here go on."""
    done = asyncio.create_task(thread.run(_halt(0.2)))
    begun = time.monotonic()
    await asyncio.sleep(0.01)

    assert time.monotonic() - begun < 0.15
    await done


async def _halt(halt_s: float) -> None:
    time.sleep(halt_s)  # noqa: ASYNC251 - computing, as far as the loop can tell


async def test_cancel(thread: LoopThread) -> None:
    """Who is cancelled here cancels the work there."""
    ended = threading.Event()

    async def wait() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    task = asyncio.create_task(thread.run(wait()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await asyncio.to_thread(ended.wait, 5)


async def test_closing_twice(thread: LoopThread) -> None:
    """Closing ends the thread, and again is harmless."""
    await thread.aclose()
    await thread.aclose()

    assert "beside" not in {each.name for each in threading.enumerate()}
