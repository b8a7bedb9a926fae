"""A small world: a log, a parking place, one platform with faults, and workers that come and go."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from hub.delivery.courier import Courier
from hub.delivery.dispatch import Dispatch, ShareLimits
from hub.delivery.outcomes import OutcomeWriter
from hub.delivery.worker import Worker, WorkerLimits
from hub.errors import NotSent, ReplyLost
from hub.log.memory import MemoryLog
from hub.pipeline.decide import Backoff
from hub.ports import DoubtRule, Effect, Finding, Job, Operation, OutcomeRule, Record, Reply
from hub.sealing import seal
from hub.telemetry import Metrics
from schemas.delivery import CommandHeader, OutcomeClass, PlannedDelivery
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure
from tests.clock import ManualClock
from tests.fakes.parking import MemoryParking

KEY = bytes(32)
PARTITIONS = 2
TOPICS = {"hub.commands": PARTITIONS, "hub.outcomes": PARTITIONS}
PROCEDURE = Procedure(
    code="1.001193", name="Đăng ký khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2020, 1, 1)
)
DONE = (OutcomeRule(OutcomeClass.DELIVERED, code="0"), OutcomeRule(OutcomeClass.REFUSED_MESSAGE, code="9"))


class OneKey:
    """The `Keys` port with one key for everybody."""

    async def key_for(self, subject: str) -> tuple[str, bytes]:
        """Return the key."""
        return "key", KEY

    async def key(self, key_id: str) -> bytes:
        """Return the key."""
        return KEY


@dataclass(frozen=True)
class Faults:
    """How often, of one, a try goes wrong in each way; what is left goes well."""

    refused: float = 0.0
    lost_before: float = 0.0
    lost_after: float = 0.0
    slow: float = 0.0


@dataclass
class Platform:
    """Two operations on one platform, and the ledger of what was done to it: (dossier, operation, revision)."""

    clock: ManualClock
    random: random.Random
    faults: Faults = field(default_factory=Faults)
    down: bool = False
    effects: list[tuple[str, str, int]] = field(default_factory=list)
    inquiries: int = 0
    calls: int = 0
    refuses: frozenset[int] = frozenset()

    async def act(self, verb: str, job: Job) -> Reply:
        """Do what is asked, or fail as the dice say."""
        self.calls += 1
        dice = self.random.random()
        if self.down or (dice := dice - self.faults.refused) < 0:
            raise NotSent
        await self.clock.sleep(self.random.uniform(0.005, 0.05))
        if (dice := dice - self.faults.lost_before) < 0:
            raise ReplyLost
        if job.submission.revision in self.refuses:
            return Reply(200, "9", "")
        self.effects.append((job.submission.code, verb, job.submission.revision))
        if (dice := dice - self.faults.lost_after) < 0:
            raise ReplyLost
        if dice - self.faults.slow < 0:
            await self.clock.sleep(self.random.uniform(1.0, 4.0))
        await self.clock.sleep(self.random.uniform(0.005, 0.05))
        return Reply(200, "0", "")

    async def ask(self, verb: str, job: Job) -> Finding:
        """Say whether it was done."""
        self.inquiries += 1
        if self.down or self.random.random() < self.faults.refused:
            raise NotSent
        await self.clock.sleep(0.01)
        there = (job.submission.code, verb, job.submission.revision) in self.effects
        return Finding.PRESENT if there else Finding.ABSENT


@dataclass(frozen=True)
class Verb:
    """One operation of the platform."""

    name: str
    verb: str
    world: Platform
    effect: Effect
    on_doubt: DoubtRule
    platform: str = "portal"
    rules: Sequence[OutcomeRule] = DONE

    def parts(self, submission: DossierSubmission) -> int:
        """One."""
        return 1

    async def send(self, job: Job) -> Reply:
        """Act."""
        return await self.world.act(self.verb, job)

    async def inquire(self, job: Job) -> Finding:
        """Ask."""
        return await self.world.ask(self.verb, job)


class World:
    """Everything that survives a crash, and one worker that does not."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self.random = random.Random(seed)
        self.clock = ManualClock()
        self.log = MemoryLog(TOPICS, clock=self.clock)
        self.parking = MemoryParking()
        self.platform = Platform(self.clock, self.random, faults)
        state = Verb("portal.state", "state", self.platform, Effect.QUERYABLE, DoubtRule.INQUIRE)
        steps = Verb("portal.steps", "steps", self.platform, Effect.APPEND, DoubtRule.RESEND)
        self.operations: dict[str, Operation] = {state.name: state, steps.name: steps}
        self.worker: Worker | None = None
        self._task: asyncio.Task[None] | None = None

    async def submit(self, code: str, revision: int) -> None:
        """Append one command."""
        header = CommandHeader(
            kind="dossier.submit",
            message_id=f"{code}/{revision}",
            ordering_key=code,
            sender_agency="H56.14",
            sender_system="mot-cua",
            revision=revision,
            received_at=self.clock.now(),
            key_id="key",
            deliveries=tuple(PlannedDelivery(operation=name, platform="portal") for name in self.operations),
        )
        body = submission(code, revision).model_dump_json().encode()
        value = seal(header.model_dump_json().encode(), body, KEY).to_bytes()
        await self.log.append("hub.commands", code.encode(), value)

    def start(self) -> None:
        """Start a worker on what is there."""
        courier = Courier(
            clock=self.clock,
            keys=OneKey(),
            outcomes=OutcomeWriter(self.log, OneKey(), self.clock),
            procedure=lambda _submission: PROCEDURE,
            backoff=lambda _platform: Backoff(first_s=0.5, max_s=4),
            metrics=Metrics(),
            jitter=self.random.random,
        )
        dispatch = Dispatch(
            clock=self.clock,
            courier=courier,
            parking=self.parking,
            operations=self.operations,
            limits=lambda _platform: ShareLimits(concurrency_max=4, hot_max=20),
            metrics=Metrics(),
        )
        self.worker = Worker(
            log=self.log,
            parking=self.parking,
            dispatch=dispatch,
            operations=self.operations,
            clock=self.clock,
            catch_up=lambda partition: self.parking.read_outcomes(self.log, partition),
            is_repeat=_never,
            limits=WorkerLimits(window_records=10, fetch_records_max=5, fetch_wait_s=0.01),
        )
        self._task = asyncio.get_running_loop().create_task(self.worker.run())

    async def crash(self) -> None:
        """End the worker as kill -9 does: nothing is said, nothing is committed on the way out."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def run_until_done(self, effects: int, limit_s: float = 300) -> None:
        """Let time pass until that many different effects are there, and the last outcomes are written."""
        waited_s = 0.0
        while len(set(self.platform.effects)) < effects or self.parking.rows:
            assert waited_s < limit_s, "stuck"
            await self.clock.advance(0.25)
            waited_s += 0.25


async def _never(_record: Record, _header: CommandHeader) -> bool:
    return False


def submission(code: str, revision: int) -> DossierSubmission:
    """Return a small dossier."""
    return DossierSubmission.model_validate_json(
        f"""{{"code": "{code}", "revision": {revision}, "procedure": "1.001193", "status": "processing",
        "channel": "online", "applicant": {{"kind": "citizen", "name": "Nguyễn Văn A"}}, "summary": "Khai sinh",
        "processing_unit": "UBND phường", "received_at": "2026-11-22T08:00:00+07:00"}}"""
    )
