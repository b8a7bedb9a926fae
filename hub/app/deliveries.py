"""The delivery part: a worker that is built anew each time it is started."""

from collections.abc import Mapping
from datetime import UTC

from hub.app.ground import Ground
from hub.delivery.courier import Courier
from hub.delivery.decisions.clerk import Clerk
from hub.delivery.dispatch import Dispatch
from hub.delivery.lanes.progress import Progress
from hub.delivery.lanes.restoration import Restoration
from hub.delivery.tries.outcomes import OutcomeWriter
from hub.delivery.worker import Worker, WorkerLimits
from hub.pipeline.catalogue import VIETNAM
from hub.store.calls import SqlCalls
from hub.store.owed import SqlOwed
from hub.store.precedents import SqlPrecedents
from hub.streams.projector import Repeats
from schemas.topics import COMMANDS, OUTCOMES

_LEAVE_EVERY_S = 0.2


class Deliveries:
    """Runs one worker at a time, and answers for it."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._hub = ground.installation.hub
        self._homes = ground.homes
        self._platforms = ground.platforms
        self._clock = ground.clock
        self._metrics = ground.metrics
        self._is_repeat = Repeats(ground.projector, ground.homes.read_models).is_repeat
        self._precedents = SqlPrecedents(ground.homes.store)
        self._restoration = Restoration(
            ground.homes.log,
            SqlOwed(ground.homes.store),
            ground.clock,
            self._is_repeat,
            precedents=self._precedents,
            keys=ground.homes.keys,
        )
        self._worker: Worker | None = None
        self._dispatch: Dispatch | None = None
        self._progress = Progress()
        self._stopping = False

    async def run(self) -> None:
        """Deliver until stopped; raises what felled the worker."""
        if self._stopping:
            return
        self._worker = self._new_worker()
        await self._worker.run()

    async def stop(self) -> None:
        """Let the worker end in good order."""
        self._stopping = True
        if self._worker is not None:
            await self._worker.stop()

    async def take(self, platform: str) -> None:
        """Return when a platform may be called by somebody who stands behind all deliveries (port `PlatformLeave`).

        Its windows, its circuit and its quota hold for him, too, and so does every delivery that waits for them.
        """
        while self._dispatch is None or not self._dispatch.spares(platform):
            await self._clock.sleep(_LEAVE_EVERY_S)

    def committed(self) -> Mapping[int, tuple[int, int]]:
        """Return (committed, unfinished records) of each partition held."""
        return self._worker.committed() if self._worker else {}

    async def check(self) -> str | None:
        """Say what is wrong with delivery, for readiness."""
        if self._worker is None:
            return "not started"
        stalled = self._progress.stalled(self._worker.committed(), self._clock.monotonic())
        return f"no progress in partitions {stalled}" if stalled else None

    def _new_worker(self) -> Worker:
        operations = {operation.name: operation for operation in self._platforms.operations}
        self._dispatch = self._new_dispatch()
        return Worker(
            log=self._homes.log,
            parking=self._homes.parking,
            dispatch=self._dispatch,
            operations=operations,
            clock=self._clock,
            catch_up=self._catch_up,
            is_repeat=self._is_repeat,
            limits=WorkerLimits(window_records=self._hub.limits.window_records, drain_s=self._hub.deadlines.drain_s),
        )

    async def _catch_up(self, partition: int, committed: int) -> Mapping[str, int]:
        """Bring the ledger to the end of the log, and see that nothing which is owed lies nowhere."""
        for topic in (COMMANDS, OUTCOMES):
            await self._ground.projector.catch_up(topic, partition)
        await self._restoration.restore(partition, committed)
        return await self._calls_today(partition)

    async def _calls_today(self, partition: int) -> Mapping[str, int]:
        """Count what was called on this day in Vietnam, where some platform counts by the day."""
        if not any(platform.section.quota.calls_per_day for platform in self._platforms.sections.values()):
            return {}
        today = self._clock.now().astimezone(VIETNAM)
        return await SqlCalls(self._homes.store).since(
            partition, today.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        )

    def _new_dispatch(self) -> Dispatch:
        outcomes = OutcomeWriter(self._homes.log, self._homes.keys, self._clock)
        courier = Courier(
            clock=self._clock,
            keys=self._homes.keys,
            outcomes=outcomes,
            procedure=self._ground.catalogue.procedure_of,
            terms=self._platforms.terms,
            limit=self._platforms.time_limits.limit,
            metrics=self._metrics,
        )
        return Dispatch(
            clock=self._clock,
            courier=courier,
            clerk=Clerk(self._clock, self._homes.keys, outcomes, self._precedents),
            parking=self._homes.parking,
            operations={operation.name: operation for operation in self._platforms.operations},
            limits=self._platforms.limits,
            metrics=self._metrics,
            inflight_park_after_s=self._hub.limits.inflight_park_after_s,
        )
