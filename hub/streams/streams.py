"""The stream processing of one process: runs one Faust application at a time, and watches it."""

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from faust import App

from hub.ending import ended
from hub.errors import Unavailable
from hub.ports import Clock, Log
from hub.streams.engine import Engine
from hub.streams.jobs import Job
from hub.streams.processors import Processor
from hub.streams.projector import Projector
from hub.streams.transport import release
from hub.streams.watch import Watch
from hub.telemetry import Metrics, logger

_START_S = 90.0
_STOP_S = 10.0
_log = logger("streams")


class Streams:
    """Keeps the projections of some topics at the end of the log, and runs the leader's jobs.

    `projectors` names, per topic, the projections that follow it. `engine` makes the Faust application, see
    `hub.streams.engine`. Nothing depends on what Faust has committed: each projection knows how far it is, and what
    Faust passed over is read through the `Log` port.
    """

    def __init__(
        self,
        *,
        log: Log,
        engine: Engine,
        projectors: Mapping[str, Sequence[Projector]],
        clock: Clock,
        metrics: Metrics,
        jobs: Sequence[Job] = (),
    ) -> None:
        self._engine = engine
        self._projectors = projectors
        self._clock = clock
        self._jobs = jobs
        self._taken: Counter[str] = Counter()
        self._watch = Watch(log, projectors, clock, metrics, self._taken)

    async def run(self) -> None:
        """Run until cancelled. Raises what felled the application; call it again for a new one."""
        fallen: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        app = self._new_app(fallen)
        try:
            await self._until(app, fallen, self._live(app))
        finally:
            fallen.cancel()
            await _stop(app)

    async def check(self) -> str | None:
        """Say what is wrong with stream processing, for readiness."""
        return self._watch.trouble()

    def _new_app(self, fallen: asyncio.Future[None]) -> App:
        def fell(defect: BaseException) -> None:
            if not fallen.done():
                fallen.set_exception(defect)

        app = self._engine.new_app()
        for topic, projectors in self._projectors.items():
            Processor(topic, projectors, self._clock, self._taken, fell).attach(app, self._engine)
        for job in self._jobs:
            job.attach(app)
        return app

    async def _live(self, app: App) -> None:
        async with asyncio.timeout(_START_S):
            await app.start()
        await self._watch.follow(lambda topic: self._engine.held(app, topic))

    async def _until(self, app: App, fallen: asyncio.Future[None], life: Coroutine[Any, Any, None]) -> None:
        """Run `life` until it, a processor or the application falls."""
        lives = [asyncio.create_task(life), asyncio.create_task(app.wait_first())]
        ends: list[asyncio.Future[Any]] = [fallen, *lives]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                if end.done():
                    end.result()
            raise app.crash_reason or Unavailable("the stream processors ended")
        finally:
            fallen.cancel()
            await ended(*lives)


async def _stop(app: App) -> None:
    try:
        async with asyncio.timeout(_STOP_S):
            await app.stop()
    except TimeoutError:
        _log.error("streams_stop_slowly", wait_s=_STOP_S)
    finally:
        release(app)
