"""The end of tasks: whoever cancels must not wait for ever."""

import asyncio
from typing import Any

_AGAIN_S = 1.0


async def ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks, and return when they have ended. What they came to stays in them.

    They are cancelled again until they do end: `asyncio.wait_for` of Python 3.11, by which aiokafka waits, loses a
    cancellation that comes together with the answer (gh-86296), and whoever waits in a loop goes on.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
    for task in tasks:
        if not task.cancelled():
            task.exception()
