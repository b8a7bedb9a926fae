"""Virtual time plays the same run twice, wherever in memory its tasks lie."""

import asyncio
import random

from tests.simulation.virtual_time import VirtualLoop


async def _cancelled_in_order(numbers: list[int]) -> None:
    """Cancel a group of many tasks, which a task group keeps in a set."""

    async def last_words(number: int) -> None:
        try:
            await asyncio.sleep(1)
        finally:
            numbers.append(number)

    async with asyncio.timeout(0.5):
        async with asyncio.TaskGroup() as group:
            for number in range(40):
                group.create_task(last_words(number))


def _run(clutter: int) -> list[int]:
    numbers: list[int] = []
    kept = [bytearray(random.Random(clutter).randrange(4000)) for _ in range(clutter)]
    loop = VirtualLoop()
    try:
        loop.run_until_complete(asyncio.wait_for(_swallow(numbers), 10))
    finally:
        loop.close()
    assert clutter == len(kept)
    return numbers


async def _swallow(numbers: list[int]) -> None:
    try:
        await _cancelled_in_order(numbers)
    except TimeoutError:
        return


def test_tasks_end_in_one_order_however_memory_lies() -> None:
    """Sets of tasks are walked alike in every run, so that a seed means one story."""
    stories = [_run(clutter) for clutter in (0, 37, 500)]

    assert 40 == len(stories[0])
    assert [stories[0]] * 3 == stories
