"""Tasks end although a cancellation is lost."""

import asyncio

from hub.ending import ended


async def _answers_when_cancelled(answer: "asyncio.Future[None]") -> None:
    """Wait in a loop; the first answer comes in the moment of the cancellation, which `wait_for` then loses."""
    while True:
        await asyncio.wait_for(answer, 3600)
        answer = asyncio.get_running_loop().create_future()


async def test_a_task_that_loses_its_first_cancellation_is_cancelled_again() -> None:
    """It waits in a loop, and its answer comes together with the cancellation."""
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(_answers_when_cancelled(answer))
    await asyncio.sleep(0)
    answer.set_result(None)
    async with asyncio.timeout(10):
        await ended(task)
    assert task.cancelled()


async def test_what_a_task_came_to_stays_in_it() -> None:
    """A result, an error, and the end of one that waits; none of them reaches whoever ends them."""

    async def raises() -> None:
        raise ValueError("its own")

    async def returns() -> int:
        return 1

    tasks = [asyncio.create_task(raises()), asyncio.create_task(returns()), asyncio.create_task(asyncio.sleep(3600))]
    await asyncio.sleep(0)
    await ended(*tasks)
    assert "its own" == str(tasks[0].exception())
    assert 1 == tasks[1].result()
    assert tasks[2].cancelled()


async def test_nothing_to_end_is_at_its_end() -> None:
    """No tasks, no wait."""
    await ended()
