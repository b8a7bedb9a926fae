"""An event loop whose time jumps: when nothing can run, the next timer is due at once."""

import asyncio
import contextvars
import itertools
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVarTuple

_Ts = TypeVarTuple("_Ts")
_START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs in virtual seconds, from 0 on. Where nothing is left that could ever happen, it raises.

    Tasks and futures hash by the order of their making: sets of them are walked in the same order in every run,
    wherever in memory they lie.
    """

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.made = itertools.count()
        self._due: list[list[Any]] = []
        super().__init__(_JumpingSelector(self))
        self.set_task_factory(lambda _, coro, **options: _Task(self, coro, **options))

    def create_future(self) -> "asyncio.Future[Any]":
        """Make a future with the next number."""
        return _Future(self)

    def between_steps(self, steps: int, call: Callable[[], object]) -> None:
        """Make a call right before the step of a task, or another callback, that is handed over after `steps` others.

        What is handed over is run in that order, so this falls between any two steps of whatever tasks there are.
        """
        self._due.append([steps, call])

    def call_soon(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """As the loop, and count."""
        for due in self._due:
            due[0] -= 1
        while self._due and (ready := next((due for due in self._due if due[0] < 0), None)):
            self._due.remove(ready)
            super().call_soon(ready[1])
        return super().call_soon(callback, *args, context=context)

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self.elapsed_s


class _Future(asyncio.Future[Any]):
    def __init__(self, loop: VirtualLoop) -> None:
        self._number = next(loop.made)
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class _Task(asyncio.Task[Any]):
    def __init__(self, loop: VirtualLoop, coro: Coroutine[Any, Any, Any], **options: Any) -> None:
        self._number = next(loop.made)
        super().__init__(coro, loop=loop, **options)

    def __hash__(self) -> int:
        return self._number


class _JumpingSelector(selectors.SelectSelector):
    """Never waits: the time that the loop would have waited passes at once."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Move the loop's time on by `timeout` seconds."""
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            raise RuntimeError("stuck: every task waits, and no timer is set")
        self._loop.elapsed_s += max(timeout, 0.0)
        return events


class LoopClock:
    """The `Clock` port on the running loop's time. Its wall clock may be `ahead_s` seconds ahead."""

    ahead_s = 0.0

    def now(self) -> datetime:
        """UTC, aware."""
        return _START + timedelta(seconds=self.monotonic() + self.ahead_s)

    def monotonic(self) -> float:
        """Seconds of the loop."""
        return asyncio.get_running_loop().time()

    async def sleep(self, delay_s: float) -> None:
        """Wait."""
        await asyncio.sleep(delay_s)
