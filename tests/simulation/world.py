"""A small world: a log, a parking place, platforms with faults, and workers that come, go and die."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from hub.delivery.admission.shares import ShareLimits
from hub.delivery.courier import Courier
from hub.delivery.decisions.clerk import Clerk
from hub.delivery.dispatch import Dispatch
from hub.delivery.lanes.restoration import Restoration
from hub.delivery.tries.outcomes import OutcomeWriter
from hub.delivery.tries.terms import Terms
from hub.delivery.worker import Worker, WorkerLimits
from hub.errors import Unavailable
from hub.log.memory import MemoryLog
from hub.pipeline.catalogue import VIETNAM
from hub.pipeline.decide import Backoff, Patience
from hub.pipeline.plan import plan
from hub.ports import DeliveryId, DoubtRule, Effect, Operation, Record
from hub.sealing import seal
from hub.telemetry import Metrics
from schemas.delivery import CommandHeader, DeliveryState, OutcomeHeader, Step
from schemas.dossier import DossierSubmission
from schemas.envelope import Envelope
from schemas.procedure import Procedure
from schemas.ruling import Ruling, RulingBody, Verdict
from tests.fakes.parking import MemoryParking
from tests.simulation.lost_rows import LostRows
from tests.simulation.platform import Deed, Faults, Platform, Verb
from tests.simulation.precedents import LogPrecedents
from tests.simulation.virtual_time import LoopClock
from tests.simulation.weather import KEY, Life, MortalLog, MortalOperation, MortalParking, OneKey, Weather

PARTITIONS = 2
TOPICS = {"hub.commands": PARTITIONS, "hub.outcomes": PARTITIONS}
PROCEDURE = Procedure(
    code="1.001193", name="Đăng ký khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2020, 1, 1)
)


@dataclass(frozen=True)
class Running:
    """One worker, its life, and what it is made of."""

    life: Life
    log: MortalLog
    worker: Worker
    dispatch: Dispatch
    task: asyncio.Task[None]


class World:
    """Everything that survives a crash, and the workers that do not.

    There is one platform, `portal`, with a state (asked when in doubt) and steps in parts (sent again when in doubt);
    `add_platform` adds others. Limits are small, so that bounds are met soon. Classes other than the real ones are for
    planted defects.
    """

    worker_class: type[Worker] = Worker
    dispatch_class: type[Dispatch] = Dispatch
    writer_class: type[OutcomeWriter] = OutcomeWriter

    def __init__(self, seed: int, faults: Faults | None = None, *, parts: int = 1) -> None:
        self.random = random.Random(seed)
        self.clock = LoopClock()
        self.weather = Weather(self.clock, self.random)
        self.log = MemoryLog(TOPICS, clock=self.clock)
        self.parking = MemoryParking()
        self.operations: dict[str, Operation] = {}
        self.platform = self.add_platform("portal", parts=parts)
        self.platform.faults = faults or Faults()
        self.shares = ShareLimits(concurrency_max=4, hot_max=20)
        self.limits = WorkerLimits(window_records=10, fetch_records_max=5, fetch_wait_s=0.25)
        self.backoff = Backoff(first_s=0.5, max_s=4)
        self.uncatalogued: frozenset[str] = frozenset()
        self.patience: timedelta | None = None
        self.gives_up = Patience()
        self.leaves_alone_s = 3600.0
        self.limits_of: Callable[[str], ShareLimits] = lambda _platform: self.shares
        self.restores = False
        self.restored = 0
        self.running: list[Running] = []
        self.metrics = Metrics()
        self._owed: dict[tuple[str, str], list[Deed]] = defaultdict(list)
        self._may_be_withdrawn: set[Deed] = set()

    def add_platform(self, name: str, *, parts: int = 0) -> Platform:
        """Connect a platform that takes states, and steps in as many parts as are named."""
        platform = Platform(self.clock, self.random)
        self.add_operation(Verb(f"{name}.state", platform))
        if parts:
            self.add_operation(Verb(f"{name}.steps", platform, Effect.APPEND, DoubtRule.RESEND, parts))
        return platform

    def add_operation(self, verb: Verb) -> None:
        """Configure one operation more."""
        self.operations[verb.name] = verb

    # --- messages ----------------------------------------------------------------------------------------------------

    async def submit(self, code: str, revision: int, *operations: str, key: bytes = KEY) -> None:
        """Append one command, for all operations or for some. Sealed with another key, it can never be opened."""
        chosen = [self.operations[name] for name in operations or self.operations]
        content = submission(code, revision)
        header = CommandHeader(
            kind="dossier",
            message_id=f"{code}/{revision}",
            ordering_key=code,
            sender_agency="H56.14",
            sender_system="mot-cua",
            revision=revision,
            received_at=self.clock.now(),
            key_id="key",
            deliveries=plan(content, chosen),
        )
        for planned in header.deliveries if key == KEY else ():
            self._owed[code, planned.platform].append((code, planned.operation, revision, planned.part))
        await self._append(header, content, key)

    async def withdraw(self, code: str, revision: int) -> None:
        """Append the withdrawal of what is still queued of a dossier."""
        header = CommandHeader(
            kind="withdrawal",
            message_id=f"{code}/{revision}",
            ordering_key=code,
            sender_agency="H56.14",
            sender_system="mot-cua",
            revision=revision,
            received_at=self.clock.now(),
            key_id="key",
            deliveries=(),
        )
        self._may_be_withdrawn.update(deed for (at, _), owed in self._owed.items() if at == code for deed in owed)
        await self._append(header, submission(code, revision))

    async def rule(
        self,
        verdict: Verdict,
        code: str,
        revision: int,
        *,
        name: str = "1",
        operation: str = "portal.state",
        part: int = 0,
        summary: str = "",
    ) -> None:
        """Append a ruling about a delivery; with a `summary`, it is corrected, and sent again it is what it was."""
        content = submission(code, revision)
        if summary:
            content = content.model_copy(update={"summary": summary})
        given = summary or verdict is Verdict.RESEND
        header = CommandHeader(
            kind="ruling",
            message_id=f"{code}/{revision}/{name}",
            ordering_key=code,
            sender_agency="H56",
            sender_system="truc",
            revision=1,
            received_at=self.clock.now(),
            key_id="key",
            deliveries=(),
            ruling=Ruling(
                verdict=verdict,
                message_id=f"{code}/{revision}",
                operation=operation,
                platform=operation.partition(".")[0],
                part=part,
                of=self.operations[operation].parts(content),
                index=self._index(code, revision, operation, part),
                by="H56/truc",
                order="order",
                corrected=bool(summary),
            ),
        )
        if verdict in (Verdict.DISCARD, Verdict.SUPERSEDED):
            self.forgive(code, revision)
        body = RulingBody(reason="đã kiểm tra", officer="canbo01", submission=content if given else None)
        value = seal(header.model_dump_json().encode(), body.model_dump_json(exclude_defaults=True).encode(), KEY)
        await self.log.append("hub.commands", code.encode(), value.to_bytes())

    def _index(self, code: str, revision: int, operation: str, part: int) -> int:
        owed = [deed for (at, _), deeds in self._owed.items() if at == code for deed in deeds if deed[2] == revision]
        return owed.index((code, operation, revision, part))

    async def overtake(self, code: str, *revisions: int) -> None:
        """Append states of a dossier in this order; whatever lies behind a newer one may end as withdrawn."""
        for revision in revisions:
            await self.submit(code, revision)
        for at, revision in enumerate(revisions):
            if revision < max(revisions[: at + 1]):
                self.forgive(code, revision)

    def forgive(self, code: str, revision: int) -> None:
        """Note that a state may end as withdrawn."""
        owed = [deed for (at, _), owed in self._owed.items() if at == code for deed in owed]
        self._may_be_withdrawn.update(deed for deed in owed if deed[2] == revision)

    async def submit_again(self, code: str, revision: int) -> None:
        """Append a command again, as a retry does that found its reservation and no record."""
        for partition in range(PARTITIONS):
            for record in await self.log.read("hub.commands", partition, 0, 1_000_000):
                header = _command(record)
                if header.message_id == f"{code}/{revision}":
                    await self._append(header.model_copy(update={"reappended": True}), submission(code, revision))
                    return

    async def _append(self, header: CommandHeader, content: DossierSubmission, key: bytes = KEY) -> None:
        value = seal(header.model_dump_json().encode(), content.model_dump_json().encode(), key).to_bytes()
        await self.log.append("hub.commands", header.ordering_key.encode(), value)

    def together(self, code: str, other: str) -> bool:
        """Whether two dossiers lie in one partition."""
        return len({self.log.partition_of("hub.commands", one.encode()) for one in (code, other)}) == 1

    # --- workers -----------------------------------------------------------------------------------------------------

    def start(self) -> Running:
        """Start a worker on what is there."""
        life = Life(self.weather)
        log, parking = MortalLog(self.log, life), MortalParking(self.parking, life)
        operations: dict[str, Operation] = {
            name: MortalOperation(operation, life) for name, operation in self.operations.items()
        }
        dispatch = self.dispatch_class(
            clock=self.clock,
            courier=Courier(
                clock=self.clock,
                keys=OneKey(self.weather),
                outcomes=self.writer_class(log, OneKey(self.weather), self.clock),
                procedure=lambda content: None if content.code in self.uncatalogued else PROCEDURE,
                terms=lambda _platform: Terms(
                    self.backoff, patience=self.gives_up, retry_after_max_s=self.leaves_alone_s
                ),
                limit=lambda _platform, accepted_at, _by: accepted_at + self.patience if self.patience else None,
                metrics=self.metrics,
                jitter=self.random.random,
            ),
            clerk=Clerk(
                self.clock,
                OneKey(self.weather),
                self.writer_class(log, OneKey(self.weather), self.clock),
                LogPrecedents(self.log, self.parking),
            ),
            parking=parking,
            operations=operations,
            limits=self.limits_of,
            metrics=self.metrics,
        )
        worker = self.worker_class(
            log=log,
            parking=parking,
            dispatch=dispatch,
            operations=operations,
            clock=self.clock,
            catch_up=self._catch_up,
            is_repeat=self._is_repeat,
            limits=self.limits,
        )
        running = Running(life, log, worker, dispatch, asyncio.get_running_loop().create_task(worker.run()))
        self.running.append(running)
        return running

    async def kill(self, running: Running) -> None:
        """End a worker as kill -9 does: nothing is said, nothing is committed on the way out."""
        self.running.remove(running)
        running.life.over = True
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)
        if running.log.consumer is not None:
            await running.log.consumer.leave()

    async def fell(self, running: Running) -> None:
        """End a worker as a defect does: what it cleans up on its way out, it does clean up."""
        self.running.remove(running)
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)

    async def replace_dead(self) -> None:
        """Start a worker for each whose life ended by itself."""
        for running in [running for running in self.running if running.life.over]:
            await self.kill(running)
            self.start()

    def restart_fallen(self) -> None:
        """Start what has fallen again, as the supervisor does."""
        for running in [running for running in self.running if running.task.done()]:
            assert isinstance(running.task.exception(), ExceptionGroup)
            self.running.remove(running)
            self.start()

    async def stop(self, running: Running) -> None:
        """End a worker in good order, and raise what felled it."""
        self.running.remove(running)
        await running.worker.stop()
        await running.task

    async def kill_member(self, running: Running) -> None:
        """Let the group notice that a worker is gone which could not say so."""
        running.life.over = True
        if running.log.consumer is not None:
            await running.log.consumer.leave()

    async def evict(self, running: Running) -> None:
        """Let the group give away what a worker holds that stands still, and does not hear of it."""
        assert running.life.halted
        assert running.log.consumer is not None
        await running.log.consumer.leave()

    async def crash(self) -> None:
        """Kill every worker; nothing of those that ended before runs on, and nothing of these."""
        for running in list(self.running):
            await self.kill(running)
        await asyncio.sleep(0.1)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert set() == left

    async def _catch_up(self, partition: int, committed: int) -> dict[str, int]:
        if self.weather.store_down:
            raise Unavailable("no store")
        await self.parking.read_outcomes(self.log, partition)
        restoration = Restoration(
            self.log,
            LostRows(self.parking, self.log),
            self.clock,
            self._is_repeat,
            precedents=LogPrecedents(self.log, self.parking),
            keys=OneKey(self.weather),
        )
        self.restored += await restoration.restore(partition, committed) if self.restores else 0
        return await self._calls_today(partition)

    async def _calls_today(self, partition: int) -> dict[str, int]:
        """Count the tries of a partition on this day in Vietnam, as the ledger does."""
        today = self.clock.now().astimezone(VIETNAM).date()
        records = await self.log.read("hub.outcomes", partition, 0, 1_000_000)
        told = [OutcomeHeader.model_validate_json(Envelope.from_bytes(record.value).header) for record in records]
        calls = [one for one in told if one.step is not Step.NONE]
        return Counter(one.platform for one in calls if one.started_at.astimezone(VIETNAM).date() == today)

    async def _is_repeat(self, record: Record, header: CommandHeader) -> bool:
        if self.weather.store_down:
            raise Unavailable("no store")
        earlier = await self.log.read("hub.commands", record.partition, 0, record.offset)
        return any(_command(one).message_id == header.message_id for one in earlier)

    # --- time and judgement ------------------------------------------------------------------------------------------

    async def run_until_done(self, limit_s: float = 300) -> None:
        """Let time pass until every deed that is owed is done and every offset is committed, and judge the world."""
        end_s = self.clock.monotonic() + limit_s
        while not await self.done():
            assert self.clock.monotonic() < end_s, f"stuck: {self._missing()} are missing"
            self.raise_failures()
            await asyncio.sleep(0.25)
        await self.judge()

    async def first_effect(self, limit_s: float = 60) -> None:
        """Let time pass until something is done."""
        for _ in range(int(limit_s / 0.1)):
            if self.deeds():
                return
            await asyncio.sleep(0.1)
        raise AssertionError("nothing is done")

    async def done(self) -> bool:
        """Whether nothing is left to do."""
        if self.parking.rows or self._missing() - await self.withdrawn():
            return False
        for partition in range(PARTITIONS):
            end = (await self.log.bounds("hub.commands", partition)).end
            if self.log.committed("hub.delivery", "hub.commands", partition) < end:
                return False
        return True

    def raise_failures(self) -> None:
        """Raise what felled a worker."""
        for running in self.running:
            if running.task.done():
                running.task.result()

    async def judge(self) -> None:
        """Nothing lost, nothing out of order, doubled only where that was announced; and nothing left in memory."""
        withdrawn = await self.withdrawn()
        assert withdrawn <= self._may_be_withdrawn
        assert withdrawn & set(self.deeds()) <= await self.possibly_doubled()
        for (code, platform), all_owed in self._owed.items():
            acted = [deed for deed in self.deeds() if deed[0] == code and deed[1].startswith(platform)]
            owed = [deed for deed in all_owed if deed not in withdrawn or deed in acted]
            assert owed == _without_repeats(acted), f"{code} towards {platform}"
        announced = await self.possibly_doubled()
        for deed, times in Counter(self.deeds()).items():
            assert times == 1 or deed in announced, f"{deed} happened {times} times"
        for states in (await self.states()).values():
            assert states[-1] in (DeliveryState.DELIVERED, DeliveryState.WITHDRAWN)
        self.check_memory()
        for running in self.running:
            for share in running.dispatch._shares.opened.values():
                assert (0, {}) == (share.hot, share.calls)

    def check_memory(self) -> None:
        """What counts as memory of a platform is what lies there."""
        for running in self.running:
            lanes = [lane for holding in running.dispatch._holdings.values() for lane in holding.lanes.values()]
            for name, share in running.dispatch._shares.opened.items():
                assert share.hot == sum(len(lane.hot) for lane in lanes if lane.key.platform == name)

    def deeds(self) -> list[Deed]:
        """Return what was done at all platforms, in order."""
        return [deed for platform in self.platforms() for deed in platform.effects]

    def platforms(self) -> Iterable[Platform]:
        """Return the platforms, in order."""
        return dict.fromkeys(verb.at for verb in self.operations.values() if isinstance(verb, Verb))

    def _missing(self) -> set[Deed]:
        return {deed for owed in self._owed.values() for deed in owed} - set(self.deeds())

    async def outcomes(self) -> Sequence[OutcomeHeader]:
        """Return every outcome of a delivery in the log."""
        return [outcome for outcome in await self._outcomes() if outcome.ruling != outcome.message_id]

    async def voids(self) -> Sequence[str]:
        """Return the message ids of the rulings that found nothing to do."""
        return [outcome.message_id for outcome in await self._outcomes() if outcome.ruling == outcome.message_id]

    async def _outcomes(self) -> Sequence[OutcomeHeader]:
        return [
            OutcomeHeader.model_validate_json(Envelope.from_bytes(record.value).header)
            for partition in range(PARTITIONS)
            for record in await self.log.read("hub.outcomes", partition, 0, 1_000_000)
        ]

    async def states(self) -> dict[DeliveryId, list[DeliveryState]]:
        """Return the states through which each delivery went."""
        states: dict[DeliveryId, list[DeliveryState]] = defaultdict(list)
        for outcome in await self.outcomes():
            states[DeliveryId(outcome.message_id, outcome.operation, outcome.part)].append(outcome.state)
        return states

    async def possibly_doubled(self) -> set[Deed]:
        """Return the deeds of which the outcomes say that they may have happened twice."""
        return {_deed(outcome) for outcome in await self.outcomes() if outcome.possibly_doubled}

    async def withdrawn(self) -> set[Deed]:
        """Return the deeds of which the outcomes say that they are not to happen any more."""
        if not self._may_be_withdrawn:
            return set()
        return {_deed(outcome) for outcome in await self.outcomes() if outcome.state is DeliveryState.WITHDRAWN}


def _deed(outcome: OutcomeHeader) -> Deed:
    return outcome.ordering_key, outcome.operation, int(outcome.message_id.rpartition("/")[2]), outcome.part


def _without_repeats(deeds: list[Deed]) -> list[Deed]:
    return [deed for index, deed in enumerate(deeds) if index == 0 or deeds[index - 1] != deed]


def _command(record: Record) -> CommandHeader:
    return _header(record.value)


@lru_cache(maxsize=4096)
def _header(value: bytes) -> CommandHeader:
    return CommandHeader.model_validate_json(Envelope.from_bytes(value).header)


def submission(code: str, revision: int) -> DossierSubmission:
    """Return a small dossier."""
    return DossierSubmission.model_validate_json(
        f"""{{"code": "{code}", "revision": {revision}, "procedure": "1.001193", "status": "processing",
        "channel": "online", "applicant": {{"kind": "citizen", "name": "Nguyễn Văn A"}}, "summary": "Khai sinh",
        "processing_unit": "UBND phường", "received_at": "2026-11-22T08:00:00+07:00"}}"""
    )
